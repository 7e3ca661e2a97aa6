//! What a request takes from the allocator. A number that grows here is a decision, not an accident.
//!
//! The kinds of requests that have numbers are those of the benchmarks, with a handler that takes
//! nothing. C code is not counted: the digest of a signature has its own memory.

mod common;
mod plain;

use std::net::SocketAddr;
use std::sync::Arc;

use allocation_counter::measure;
use bolt_core::server::{ServerConfig, serve};
use plain::{Case, answer, app};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// Requests before the first that counts: pools are filled, and buffers have their size.
const WARM_UP: usize = 50;
/// Requests of one connection that count.
const COUNTED: u64 = 100;
/// What a connection renews now and then within so many requests, such as its read buffer.
const RENEWED: u64 = 10;

/// The most that the HTTP library takes for a request without a body: the copied target.
const WIRE: u64 = 1;

/// Kinds of requests, the most that the service takes for one, and the most that a server adds.
const WRITTEN: [(Case, u64, u64); 6] = [
    // Captures have room on the stack, and the reply has no further headers.
    (Case::Static, 0, WIRE),
    // The list of values; short texts stand in it.
    (Case::Parameters, 1, WIRE),
    // A body in one piece is handed on. On the wire: the channel of the body and its queue of
    // chunks.
    (Case::Body, 0, WIRE + 2),
    // The payload, the subject, and the identity that has them.
    (Case::Token, 3, WIRE),
    // The JSON and its count of owners; the list of headers.
    (Case::Refused, 3, WIRE),
    // The same without headers.
    (Case::Missing, 2, WIRE),
];

#[test]
fn the_service_takes_no_more_than_is_written() {
    let app = app();
    for (case, most, _) in WRITTEN {
        for _ in 0..WARM_UP {
            assert_eq!(answer(&app, case.request()).status, case.status());
        }
        let request = case.request();
        let mut reply = None;
        let info = measure(|| reply = Some(answer(&app, request)));
        let taken = info.count_total;
        println!("{case:?}: {taken} of {most}, {} bytes", info.bytes_total);
        assert!(taken <= most, "{case:?} takes {taken}, not {most}");
    }
}

#[test]
fn the_server_adds_no_more_than_is_written() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let local = LocalSet::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let never = std::future::pending();
    local.spawn_local(serve(
        Arc::new(app()),
        listener,
        ServerConfig::default(),
        never,
    ));
    for (case, service, wire) in WRITTEN {
        let request = case.text();
        let mut client = local.block_on(&runtime, Client::connect(address));
        let mut send = || local.block_on(&runtime, client.send(&request));
        (0..WARM_UP).for_each(|_| send());
        let info = measure(|| (0..COUNTED).for_each(|_| send()));
        let (taken, most) = (info.count_total, COUNTED * (service + wire) + RENEWED);
        println!("{case:?}: {taken} of {most}, {} bytes", info.bytes_total);
        assert!(taken <= most, "{COUNTED} {case:?} take {taken}, not {most}");
    }
}

/// A client on the server's own thread, which takes nothing itself.
struct Client {
    stream: TcpStream,
    buffer: [u8; 4096],
}

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            buffer: [0; 4096],
        }
    }

    /// Sends a request and reads its response, which comes in one piece.
    async fn send(&mut self, request: &str) {
        self.stream.write_all(request.as_bytes()).await.unwrap();
        let count = self.stream.read(&mut self.buffer).await.unwrap();
        assert!(self.buffer[..count].starts_with(b"HTTP/1.1 "));
    }
}

//! A process that runs out of file descriptors. It is alone in its file, since the limit is the
//! process's own.

mod common;

use std::process::Command;

use common::{Client, Server, eventually, route, run};
use serde_json::json;
use tokio::net::TcpStream;

/// Sets the soft limit of this process; false where the system has no tool for it.
fn limit(descriptors: usize) -> bool {
    let id = std::process::id().to_string();
    let limit = format!("--nofile={descriptors}:");
    let set = Command::new("prlimit")
        .args(["--pid", &id, &limit])
        .status();
    set.is_ok_and(|status| status.success())
}

#[test]
fn accepting_goes_on_once_there_are_descriptors_again() {
    run(async {
        let server = Server::start(&[route("GET", "/", "root", json!({}))]);
        tokio::task::yield_now().await;
        // Nothing here waits, so that all of them are in the listener's queue.
        let mut streams = Vec::new();
        for _ in 0..10 {
            streams.push(std::net::TcpStream::connect(server.address).unwrap());
        }
        let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        if open == 0 || !limit(open + 2) {
            eprintln!("skipped: this system has no prlimit");
            return;
        }
        let events = server.events.clone();
        eventually("reported", || !events().is_empty()).await;
        assert!(events()[0].starts_with("a connection could not be accepted"));
        assert!(limit(1024));
        for stream in streams {
            stream.set_nonblocking(true).unwrap();
            let mut client = Client::new(TcpStream::from_std(stream).unwrap());
            client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
            assert_eq!(client.response(false).await.unwrap().status, 200);
        }
    });
}

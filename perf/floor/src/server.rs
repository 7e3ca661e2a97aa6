//! HTTP/1.1 over TCP, on one thread.

use std::convert::Infallible;
use std::io;
use std::rc::Rc;

use actix_http::{HttpService, KeepAlive, Request};
use actix_service::{Service, ServiceFactory, fn_service};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_local};

use crate::data::Data;
use crate::routes::answer;

/// Serves until the process is ended.
pub fn run(listener: std::net::TcpListener, data: Data) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(listener, Rc::new(data)))
}

async fn serve(listener: std::net::TcpListener, data: Rc<Data>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let answer = move |request: Request| {
        let data = Rc::clone(&data);
        async move { Ok::<_, Infallible>(answer(&data, request).await) }
    };
    let http = HttpService::<TcpStream, _, _>::build()
        // A limit of idleness is a timer for each request: a tenth of what is spent outside
        // the kernel.
        .keep_alive(KeepAlive::Os)
        .h1(fn_service(answer));
    let service = http.new_service(()).await;
    let service = Rc::new(service.map_err(|()| io::Error::other("no HTTP service"))?);
    loop {
        let (stream, peer) = listener.accept().await?;
        let _ = stream.set_nodelay(true);
        let service = Rc::clone(&service);
        spawn_local(async move {
            // What fails here is the client's doing.
            let _ = service.call((stream, Some(peer))).await;
        });
    }
}

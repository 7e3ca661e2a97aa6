//! The answers of the benchmarks' cases without a framework, for the figure that none goes below.
//!
//! It is `actix-http` on one thread, served as `bolt_core::server` serves, and not `actix-web`: that
//! adds a router, extensions and boxed services to each request, and so costs more.
//!
//! Every answer is made by the shortest honest way: text is parsed, checked and serialised for each
//! request, tokens are verified anew, and nothing is answered from a cache.

mod arguments;
mod body;
mod data;
mod events;
mod file;
mod items;
mod params;
mod replies;
mod routes;
mod server;
mod ticks;
mod tokens;
mod upload;

use std::net::TcpListener;
use std::process::ExitCode;

use arguments::Arguments;
use data::Data;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let Arguments { host, port } = arguments::parse(std::env::args().skip(1))?;
    let data = Data::read()?;
    let listener = TcpListener::bind((host.as_str(), port))
        .map_err(|error| format!("{host}:{port}: {error}"))?;
    println!("Serving at http://{host}:{port}");
    server::run(listener, data).map_err(|error| error.to_string())
}

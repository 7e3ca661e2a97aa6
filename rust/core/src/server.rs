//! HTTP/1.1 over TCP, on one thread.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, KeepAlive, Response};
use actix_service::{Service, ServiceFactory, fn_service};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout};

use crate::app::App;
use crate::handler::Handler;
use crate::request::Request;
use crate::service::handle;
use crate::watchdog::{Activity, Patience, Watchdog, Watched};
use crate::wire::{FinishQueue, Finisher, WireBody, respond};

/// How long accepting pauses where the process has no file descriptor left, or the like.
const BACK_OFF: Duration = Duration::from_millis(100);

/// How long work that follows replies may take at least once a server stops: what was cut has to
/// clean up after itself.
const FAREWELL: Duration = Duration::from_secs(2);

/// How a server treats its connections.
#[derive(Clone)]
pub struct ServerConfig {
    /// How long a client may take to send the head of a request.
    pub client_request_timeout: Duration,
    /// How long a connection may stay idle between requests; zero closes it after each.
    pub keep_alive: Duration,
    /// How long a refused body is still read and thrown away, so that the client sees the refusal.
    pub linger_timeout: Duration,
    /// How long requests may take to finish after shutdown began.
    pub shutdown_timeout: Duration,
    /// Told what no client can be told.
    pub on_event: Arc<dyn Fn(Event) + Send + Sync>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            client_request_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(5),
            linger_timeout: Duration::from_secs(1),
            shutdown_timeout: Duration::from_secs(30),
            on_event: Arc::new(|event| eprintln!("{event}")),
        }
    }
}

/// Something that whoever runs the server should know.
#[derive(Debug)]
pub enum Event {
    /// A connection could not be accepted; the server goes on.
    AcceptFailed(io::Error),
    /// A handler panicked; only its connection was lost.
    ConnectionPanicked(String),
    /// Connections that did not finish in time were cut.
    ConnectionsCut(usize),
    /// Work that follows replies did not finish in time, and was left behind.
    WorkCut,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AcceptFailed(error) => write!(f, "a connection could not be accepted: {error}"),
            Self::ConnectionPanicked(what) => write!(f, "a connection was lost to a panic: {what}"),
            Self::ConnectionsCut(count) => write!(f, "{count} connections did not finish in time"),
            Self::WorkCut => f.write_str("work that follows replies did not finish in time"),
        }
    }
}

/// Serves until `shutdown` is ready; then lets every request in flight finish.
///
/// It must run inside a Tokio `LocalSet` on a current-thread runtime.
///
/// # Errors
///
/// Where the listener cannot be used.
pub async fn serve<H: Handler + 'static>(
    app: Arc<App<H>>,
    listener: std::net::TcpListener,
    config: ServerConfig,
    shutdown: impl Future<Output = ()> + 'static,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let (drain, draining) = watch::channel(false);
    let finisher = Finisher::start();
    let connect = connector(app, &config, draining, finisher.queue()).await?;
    let mut connections = JoinSet::new();
    accept(listener, &config, &connect, &mut connections, shutdown).await;
    drop(connect);
    // Receivers may all be gone, where no connection is left.
    let _ = drain.send(true);
    let began = Instant::now();
    finish(&config, connections).await;
    let left = config.shutdown_timeout.saturating_sub(began.elapsed());
    if !finisher.stop(left.max(FAREWELL)).await {
        (config.on_event)(Event::WorkCut);
    }
    Ok(())
}

/// Makes the function that turns an accepted stream into the task of its connection.
async fn connector<H: Handler + 'static>(
    app: Arc<App<H>>,
    config: &ServerConfig,
    draining: watch::Receiver<bool>,
    finishes: FinishQueue,
) -> io::Result<impl AsyncFn(Watched) + Clone + 'static> {
    let answer = move |request: actix_http::Request| {
        let (app, finishes) = (Arc::clone(&app), finishes.clone());
        let in_flight = request.conn_data::<Rc<Activity>>().map(Activity::begin);
        async move {
            let reply = handle(&app, Request::new(request)).await;
            Ok::<Response<WireBody>, Infallible>(respond(reply, &finishes, in_flight))
        }
    };
    let keep_alive = match config.keep_alive {
        Duration::ZERO => KeepAlive::Disabled,
        // The watchdog ends idle connections: the library would make a timer for each request.
        _ => KeepAlive::Os,
    };
    let http = HttpService::<Watched, _, WireBody>::build()
        .keep_alive(keep_alive)
        .client_request_timeout(config.client_request_timeout)
        .client_disconnect_timeout(config.linger_timeout)
        // A client that left is noticed while its handler still runs, which is then dropped.
        .h1_allow_half_closed(false)
        .on_connect_ext(|io: &Watched, extensions| {
            extensions.insert(Rc::clone(&io.activity));
        })
        .graceful_shutdown_signal(move || {
            let mut draining = draining.clone();
            async move {
                // An error means that the server is gone altogether.
                let _ = draining.wait_for(|draining| *draining).await;
            }
        })
        .h1(fn_service(answer));
    let service = http.new_service(()).await;
    let service = Rc::new(service.map_err(|()| io::Error::other("no HTTP service"))?);
    Ok(async move |io: Watched| {
        // Replies are written whole; waiting for more would only delay them.
        let _ = io.stream.set_nodelay(true);
        let peer = io.stream.peer_addr().ok();
        // What can fail here is the client's doing: bytes that are not HTTP, a reset.
        let _ = service.call((io, peer)).await;
    })
}

/// Accepts connections until `shutdown` is ready.
async fn accept<C: AsyncFn(Watched) + Clone + 'static>(
    listener: TcpListener,
    config: &ServerConfig,
    connect: &C,
    connections: &mut JoinSet<()>,
    shutdown: impl Future<Output = ()>,
) {
    tokio::pin!(shutdown);
    let mut watchdog = Watchdog::new(Patience {
        head: config.client_request_timeout,
        idle: config.keep_alive,
    });
    let mut ticks = watchdog.ticks();
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => return,
            Some(ended) = connections.join_next() => report(config, ended),
            _ = ticks.tick() => watchdog.tick(),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (connect, io) = (connect.clone(), watchdog.wrap(stream));
                    let activity = Rc::clone(&io.activity);
                    let task = connections.spawn_local(async move { connect(io).await });
                    watchdog.watch(activity, task);
                }
                // The client was gone before it was accepted.
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    (config.on_event)(Event::AcceptFailed(error));
                    sleep(BACK_OFF).await;
                }
            },
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// Waits for the connections that are left, and cuts those that take too long.
async fn finish(config: &ServerConfig, mut connections: JoinSet<()>) {
    let all = async {
        while let Some(ended) = connections.join_next().await {
            report(config, ended);
        }
    };
    if timeout(config.shutdown_timeout, all).await.is_err() {
        (config.on_event)(Event::ConnectionsCut(connections.len()));
        connections.shutdown().await;
    }
}

fn report(config: &ServerConfig, ended: Result<(), JoinError>) {
    let Err(error) = ended else { return };
    if error.is_panic() {
        (config.on_event)(Event::ConnectionPanicked(error.to_string()));
    }
}

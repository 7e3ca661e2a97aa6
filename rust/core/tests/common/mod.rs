//! A Rust handler in the place of a Python one, plans from JSON, and a server on a real socket.
#![allow(dead_code)] // each test file uses its own part

use std::collections::HashMap;
use std::future::Future;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_http::StatusCode;
use actix_http::header::HeaderValue;
use bolt_core::app::App;
use bolt_core::error::Error;
use bolt_core::file::{Content, FileBody, Refused};
use bolt_core::handler::{Call, Deferred, Handler, Outcome};
use bolt_core::plan;
use bolt_core::reply::{Body, Finish, Reply};
use bolt_core::request::Request;
use bolt_core::server::{Event, ServerConfig, serve};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::LocalSet;

/// How long the handler `busy_finish` keeps its thread after its reply.
pub const BUSY: Duration = Duration::from_millis(500);

/// What a test sees of its handlers.
#[derive(Default)]
pub struct Seen {
    /// Calls that began.
    pub started: AtomicUsize,
    /// Calls whose future was dropped before it was done.
    pub cancelled: AtomicUsize,
    /// Replies whose `Finish` ran.
    pub finished: AtomicUsize,
    /// Calls of `admit`, with the leaves they were told.
    pub admitted: Mutex<Vec<Vec<Option<bool>>>>,
    /// Why files were not sent.
    pub refused: Mutex<Vec<String>>,
}

/// Answers with what it was given; what it does is the last part of its dotted name.
pub struct Probe {
    name: String,
    pub seen: Arc<Seen>,
}

struct CountDrop(Arc<Seen>, bool);

impl Drop for CountDrop {
    fn drop(&mut self) {
        if !self.1 {
            self.0.cancelled.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl CountDrop {
    /// A method, so that the future holds all of the guard and not one field of it.
    fn done(&mut self) {
        self.1 = true;
    }
}

impl Probe {
    fn echo(&self, call: &Call<'_>) -> Reply {
        let faults: Value = serde_json::from_slice(&call.faults.to_json()).unwrap();
        let body = json!({
            "handler": self.name,
            "method": call.request.method().as_str(),
            "captures": call.captures.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "values": format!("{:?}", call.values),
            "faults": faults,
            "body": call.body.as_ref().map(|body| String::from_utf8_lossy(body)),
            "length": call.body.as_ref().map(Bytes::len),
        });
        let mut reply = Reply::json(StatusCode::OK, body.to_string().into());
        reply.finish = Some(self.finish());
        reply
    }

    fn finish(&self) -> Finish {
        let seen = Arc::clone(&self.seen);
        Finish::new(move || {
            seen.finished.fetch_add(1, Ordering::SeqCst);
        })
    }

    /// What a handler that is named `verb argument` answers.
    fn told(&self, verb: &str, argument: &str) -> Reply {
        let text = HeaderValue::from_static("text/plain");
        let mut reply = Reply::full(StatusCode::OK, text, Bytes::from(argument.to_owned()));
        let content = match verb {
            "file" | "untagged" => Content::Path(argument.into()),
            "memory" => Content::Memory(Bytes::from(argument.to_owned())),
            _ => {
                let (name, value) = argument.split_once(": ").unwrap();
                let (name, value) = (name.try_into().unwrap(), value.try_into().unwrap());
                return reply.with_header(name, value);
            }
        };
        let tagged = verb != "untagged";
        reply.body = Body::File(Box::new(FileBody { content, tagged }));
        reply
    }

    fn later(&self, wait: Duration, reply: Reply) -> Outcome<Reply> {
        let mut guard = CountDrop(Arc::clone(&self.seen), false);
        Outcome::Pending(Box::pin(async move {
            tokio::time::sleep(wait).await;
            guard.done();
            Ok(reply)
        }))
    }
}

impl Handler for Probe {
    type Admission = ();

    fn admit(&self, deferred: Deferred<'_>) -> Outcome<()> {
        self.seen.admitted.lock().unwrap().push(deferred.leaves);
        match self.name.as_str() {
            "refuse" => Outcome::Ready(Err(Error::Forbidden)),
            _ => Outcome::Ready(Ok(())),
        }
    }

    fn call(&self, call: Call<'_>, _: Option<()>) -> Outcome<Reply> {
        self.seen.started.fetch_add(1, Ordering::SeqCst);
        if let Some((verb, argument)) = self.name.split_once(' ') {
            let mut reply = self.told(verb, argument);
            reply.finish = Some(self.finish());
            return Outcome::Ready(Ok(reply));
        }
        match self.name.as_str() {
            "slow" => self.later(Duration::from_millis(300), self.echo(&call)),
            "forever" => self.later(Duration::from_secs(3600), self.echo(&call)),
            "panic" => panic!("on purpose"),
            "fail" => Outcome::Ready(Err(Error::Internal)),
            "nothing" => {
                let mut reply = Reply::empty(StatusCode::NO_CONTENT);
                reply.finish = Some(self.finish());
                Outcome::Ready(Ok(reply))
            }
            "busy_finish" => {
                let mut reply = self.echo(&call);
                reply.finish = Some(Finish::new(|| std::thread::sleep(BUSY)));
                Outcome::Ready(Ok(reply))
            }
            "wrong_nothing" => Outcome::Ready(Ok(Reply::full(
                StatusCode::NO_CONTENT,
                HeaderValue::from_static("text/plain"),
                Bytes::from_static(b"not allowed"),
            ))),
            "large" => {
                let body = Bytes::from(vec![b'x'; 4 << 20]);
                let mut reply = Reply::json(StatusCode::OK, body);
                reply.finish = Some(self.finish());
                Outcome::Ready(Ok(reply))
            }
            _ => Outcome::Ready(Ok(self.echo(&call))),
        }
    }

    fn refuse_file(&self, _: &mut Request, refused: Refused) -> Error {
        let mut reasons = self.seen.refused.lock().unwrap();
        reasons.push(format!("{:?}", refused.reason));
        Error::NotFound
    }
}

/// A route with everything at its default but what `changes` says.
pub fn route(method: &str, path: &str, handler: &str, changes: Value) -> Value {
    let mut route = json!({
        "method": method, "path": path, "name": null, "handler": handler, "mode": "async",
        "authentication": [], "guard": null, "deferred": false, "parameters": [], "groups": [],
        "body": null, "reads_body": false, "max_body_size": null, "arguments": [], "status": 200,
        "etag": false,
    });
    merge(&mut route, changes);
    route
}

/// A parameter with everything at its default but what `changes` says.
pub fn parameter(source: &str, name: &str, scalar: &str, changes: Value) -> Value {
    let mut parameter = json!({
        "name": name, "alias": name, "source": source, "scalar": {"type": scalar}, "many": false,
        "required": true, "constraints": {},
    });
    merge(&mut parameter, changes);
    parameter
}

fn merge(value: &mut Value, changes: Value) {
    if let Value::Object(changes) = changes {
        for (key, change) in changes {
            value[key] = change;
        }
    }
}

/// The plan's document.
pub fn document(routes: &[Value]) -> Value {
    json!({
        "version": 1,
        "service": {
            "debug": false, "max_body_size": 1000, "error_format": "drf", "error_codes": false, "file_roots": null,
        },
        "authenticators": [],
        "routes": routes,
    })
}

/// A compiled application of probes.
pub fn app(document: &Value) -> Result<(App<Probe>, Arc<Seen>), plan::PlanError> {
    let seen = Arc::new(Seen::default());
    let plan = plan::read(document.to_string().as_bytes())?;
    let app = App::compile(plan, &HashMap::new(), |_, route| {
        Ok(Probe {
            name: route.handler.clone(),
            seen: Arc::clone(&seen),
        })
    })?;
    Ok((app, seen))
}

/// A running server.
pub struct Server {
    pub address: std::net::SocketAddr,
    pub seen: Arc<Seen>,
    pub events: Rc<dyn Fn() -> Vec<String>>,
    stop: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub fn start(routes: &[Value]) -> Self {
        Self::with(routes, |_| {})
    }

    pub fn with(routes: &[Value], configure: impl FnOnce(&mut ServerConfig)) -> Self {
        Self::of(&document(routes), configure)
    }

    pub fn of(document: &Value, configure: impl FnOnce(&mut ServerConfig)) -> Self {
        let (app, seen) = app(document).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let events = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&events);
        let mut config = ServerConfig {
            on_event: Arc::new(move |event: Event| told.lock().unwrap().push(event.to_string())),
            ..ServerConfig::default()
        };
        configure(&mut config);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::task::spawn_local(serve(Arc::new(app), listener, config, async {
            let _ = stopped.await;
        }));
        Self {
            address,
            seen,
            events: Rc::new(move || events.lock().unwrap().clone()),
            stop: Some(stop),
            task,
        }
    }

    pub async fn connect(&self) -> Client {
        Client::new(TcpStream::connect(self.address).await.unwrap())
    }

    /// One request on a connection of its own.
    pub async fn send(&self, request: &str) -> Response {
        let mut client = self.connect().await;
        client.write(request).await;
        let head = request.starts_with("HEAD ");
        client.response(head).await.expect("a response")
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
            .await
    }

    /// Begins to stop.
    pub fn stop(&mut self) {
        let _ = self.stop.take().expect("stopped once").send(());
    }

    /// Waits until the server returns.
    pub async fn stopped(self) {
        self.task.await.unwrap().unwrap();
    }
}

/// One connection.
pub struct Client {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

/// A response, read by hand so that nothing is tidied up.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

impl Client {
    pub fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    pub async fn write(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).await.unwrap();
    }

    async fn fill(&mut self) -> bool {
        let mut chunk = vec![0; 1 << 16];
        match self.stream.read(&mut chunk).await {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.buffer.extend_from_slice(&chunk[..count]);
                true
            }
        }
    }

    /// The next response; `None` where the connection ends before it.
    pub async fn response(&mut self, head: bool) -> Option<Response> {
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break end;
            }
            if !self.fill().await {
                return None;
            }
        };
        let text = String::from_utf8(self.buffer.drain(..end + 4).collect()).unwrap();
        let mut lines = text.trim_end().split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(0, |(_, value)| value.parse().unwrap());
        let length = if head { 0 } else { length };
        while self.buffer.len() < length {
            if !self.fill().await {
                return None;
            }
        }
        let body = String::from_utf8(self.buffer.drain(..length).collect()).unwrap();
        Some(Response {
            status,
            headers,
            body,
        })
    }

    /// Whether the server closes the connection with nothing more to say.
    pub async fn closed(&mut self) -> bool {
        self.buffer.is_empty() && !self.fill().await
    }
}

/// Runs a test as the server wants to be run.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let bounded = async {
        tokio::time::timeout(Duration::from_secs(60), test)
            .await
            .expect("the test hangs");
    };
    LocalSet::new().block_on(&runtime, bounded);
}

/// Waits until something holds.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..300 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

//! What happens to a request, stage by stage, whoever received it.

use std::sync::Arc;
use std::time::SystemTime;

use actix_http::header::{ACCEPT, ALLOW, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use actix_http::{Method, StatusCode};

use crate::app::{App, Route};
use crate::auth::identity::Identity;
use crate::auth::{Decision, Pending, Rejected};
use crate::body;
use crate::conditional::reply::{add_tag, conclude};
use crate::content_coding;
use crate::error::{Error, Faults, NOT_AUTHENTICATED};
use crate::extract::Value;
use crate::file::{self, Failure, FileBody};
use crate::form::{self, Received};
use crate::handler::{Asked, Call, Deferred, Handler, Outcome};
use crate::negotiation::names_problem;
use crate::render::render;
use crate::renderers::{Chosen, Renderers};
use crate::reply::{Body, Reply};
use crate::request::Request;
use crate::router::{Captures, Found};

/// Answers a request. Whatever fails, there is a reply.
pub async fn handle<H: Handler>(app: &App<H>, mut request: Request) -> Reply {
    let mut agreed = Agreed::default();
    let reply = match respond(app, &mut request, &mut agreed).await {
        Ok(reply) => reply,
        Err(error) => {
            let reply = render(error, &app.service, request.header(&ACCEPT));
            agreed.render_error(&mut request, reply)
        }
    };
    let reply = agreed.vary(reply);
    body::discard(&mut request).await;
    reply.settled(request.method())
}

/// The stages in their order.
async fn respond<'a, H: Handler>(
    app: &'a App<H>,
    request: &mut Request,
    agreed: &mut Agreed<'a, H>,
) -> Result<Reply, Error> {
    let (route, captures) = match app.router.find(request.method(), request.uri().path())? {
        Found::Route { index, captures } => (&app.routes[index], captures),
        Found::Options { allow } => {
            return Ok(Reply::empty(StatusCode::NO_CONTENT).with_header(ALLOW, allow.clone()));
        }
    };
    let unacceptable = agreed.negotiate(route, request).err();
    let (identity, pending) = match authenticate(app, route, request)? {
        Caller::Known(identity) => (identity, None),
        Caller::Pending(identity, pending) => {
            let asked = prepare(route, request, pending).await?;
            (identity, Some(asked))
        }
    };
    let verdict = match &pending {
        None => guard(route, identity.as_deref(), request)?,
        Some(_) => Verdict::Open(open_leaves(route, request)),
    };
    let admission = match verdict {
        Verdict::Passed => None,
        Verdict::Open(leaves) => {
            let deferred = Deferred {
                request,
                captures: &captures,
                identity: identity.as_ref(),
                leaves,
                pending,
                chosen: agreed.chosen.as_ref(),
            };
            let admitted = finish(route.handler.admit(deferred)).await;
            Some(admitted.map_err(|error| challenged(error, route.challenge.as_ref()))?)
        }
    };
    if let Some(error) = unacceptable {
        return Err(error);
    }
    let mut read = extract(route, request, &captures)?;
    let body = read_body(route, request, &mut read).await?;
    let (values, faults) = read;
    // Temporary files last as long as this call.
    let _guard = body.form.guard();
    let call = Call {
        request,
        captures,
        identity,
        values,
        faults,
        form: body.streamed.then_some(body.form),
        body: body.body,
        media_type: body.media_type,
        chosen: agreed.chosen.clone(),
    };
    match finish(route.handler.call(call, admission)).await {
        Ok(mut reply) => {
            add_challenge(reply.status, &mut reply.headers, route.challenge.as_ref());
            match reply.body {
                Body::File(file) => {
                    reply.body = Body::Empty;
                    // It is large, and few requests need it.
                    Box::pin(send_file(app, route, request, reply, *file)).await
                }
                _ => revise(route, request, reply),
            }
        }
        Err(error) => Err(challenged(error, route.challenge.as_ref())),
    }
}

/// What was agreed on with the client, as soon as its route is known.
struct Agreed<'a, H> {
    route: Option<(&'a H, &'a Renderers)>,
    chosen: Option<Chosen>,
}

impl<H> Default for Agreed<'_, H> {
    fn default() -> Self {
        Self {
            route: None,
            chosen: None,
        }
    }
}

impl<'a, H: Handler> Agreed<'a, H> {
    /// Chooses the renderer, where the route declares them. Refusals of the caller come first, in
    /// what is agreed on where something is.
    fn negotiate(&mut self, route: &'a Route<H>, request: &Request) -> Result<(), Error> {
        if let Some(renderers) = &route.renderers {
            self.route = Some((&route.handler, renderers));
            self.chosen = Some(renderers.choose(request)?);
        }
        Ok(())
    }

    /// An error's reply as the client asks for it: those who name the problem type get that.
    fn render_error(&self, request: &mut Request, reply: Reply) -> Reply {
        match (self.route, &self.chosen) {
            (Some((handler, _)), Some(chosen)) if !names_problem(request.header(&ACCEPT)) => {
                handler.render_error(request, chosen, reply)
            }
            _ => reply,
        }
    }

    fn vary(&self, reply: Reply) -> Reply {
        match self.route {
            Some((_, renderers)) => renderers.vary(reply),
            None => reply,
        }
    }
}

/// What the request's preconditions make of a reply.
fn revise<H>(route: &Route<H>, request: &Request, mut reply: Reply) -> Result<Reply, Error> {
    if route.etag {
        add_tag(request.method(), &mut reply);
    }
    if reply.headers.is_empty() {
        return Ok(reply);
    }
    conclude(request.method(), request.headers(), reply)
}

/// Opens the file that a handler gave back, as far as the request asks for it.
async fn send_file<H: Handler>(
    app: &App<H>,
    route: &Route<H>,
    request: &mut Request,
    reply: Reply,
    file: FileBody,
) -> Result<Reply, Error> {
    let roots = app.service.file_roots.as_deref();
    match file::deliver(request, reply, file, roots).await {
        Ok(reply) => Ok(reply),
        Err(Failure::Error(error)) => Err(error),
        Err(Failure::Refused(refused)) => Err(route.handler.refuse_file(request, refused)),
    }
}

/// Has a 401 that Python raised name the scheme that would help.
fn challenged(mut error: Error, challenge: Option<&HeaderValue>) -> Error {
    if let Error::Raised(raised) = &mut error {
        add_challenge(raised.status, &mut raised.headers, challenge);
    }
    error
}

/// Names the scheme that would help in a 401 that names none, RFC 9110 §15.5.2.
fn add_challenge(
    status: StatusCode,
    headers: &mut Vec<(HeaderName, HeaderValue)>,
    challenge: Option<&HeaderValue>,
) {
    if status != StatusCode::UNAUTHORIZED {
        return;
    }
    let named = headers.iter().any(|(name, _)| name == WWW_AUTHENTICATE);
    if let Some(challenge) = challenge.filter(|_| !named) {
        headers.push((WWW_AUTHENTICATE, challenge.clone()));
    }
}

/// Who is asking, as far as Rust can tell.
enum Caller {
    Known(Option<Arc<Identity>>),
    /// Python is asked first; the identity is what holds where it does not know the caller.
    Pending(Option<Arc<Identity>>, Pending),
}

/// Who is asking. Wrong credentials are refused whatever the permissions are.
fn authenticate<H: Handler>(
    app: &App<H>,
    route: &Route<H>,
    request: &Request,
) -> Result<Caller, Error> {
    if route.authentication.is_empty() {
        return Ok(Caller::Known(None));
    }
    let (order, headers) = (&route.authentication, request.headers());
    let now = SystemTime::now();
    if !route.asks_python {
        let identity = app.authenticators.authenticate(order, headers, now);
        return told(route, request, identity).map(Caller::Known);
    }
    match app.authenticators.decide(order, headers, now) {
        Decision::Made(identity) => told(route, request, identity).map(Caller::Known),
        Decision::Pending(pending) => {
            let identity = pending.outcome.as_ref().ok().cloned().flatten();
            Ok(Caller::Pending(identity, pending))
        }
    }
}

/// Tells the handler of a refusal.
fn told<H: Handler>(
    route: &Route<H>,
    request: &Request,
    outcome: Result<Option<Arc<Identity>>, Rejected>,
) -> Result<Option<Arc<Identity>>, Error> {
    outcome.map_err(|rejected| {
        route.handler.refused(request, &rejected);
        rejected.into()
    })
}

/// What Python's authentication classes are given.
async fn prepare<H>(
    route: &Route<H>,
    request: &mut Request,
    pending: Pending,
) -> Result<Asked, Error> {
    let reads_form = pending.reads_form && *request.method() == Method::POST;
    let form = if reads_form {
        content_coding::open(request, route.inflates)?;
        body::peek_form(request, route.max_body_size).await?
    } else {
        None
    };
    Ok(Asked {
        places: pending.ask,
        rejected: pending.outcome.err(),
        form,
    })
}

/// What is known of a guard before it is known who asks.
fn open_leaves<H>(route: &Route<H>, request: &Request) -> Vec<Option<bool>> {
    let guard = route.guard.as_ref();
    guard.map_or_else(Vec::new, |guard| guard.open_leaves(request.method()))
}

/// What a guard says, where it does not refuse.
enum Verdict {
    Passed,
    /// Python decides; it is told what is known of each leaf.
    Open(Vec<Option<bool>>),
}

/// May they.
fn guard<H>(
    route: &Route<H>,
    identity: Option<&Identity>,
    request: &Request,
) -> Result<Verdict, Error> {
    let decision = match &route.guard {
        Some(guard) => guard.evaluate(identity, request.method()),
        None => Some(true),
    };
    // A token that was taken back is a 401 whatever the guard says, so that Python is asked first.
    let is_open = route.deferred || (route.may_be_revoked && identity.is_some());
    match decision {
        Some(true) if !is_open => Ok(Verdict::Passed),
        Some(false) if !is_open => Err(refusal(route, identity)),
        _ => {
            let guard = route.guard.as_ref();
            let leaves = guard.map(|guard| guard.leaves(identity, request.method()));
            Ok(Verdict::Open(leaves.unwrap_or_default()))
        }
    }
}

fn refusal<H>(route: &Route<H>, identity: Option<&Identity>) -> Error {
    match (identity, &route.challenge) {
        (None, Some(challenge)) => Error::Unauthenticated {
            detail: NOT_AUTHENTICATED,
            challenge: Some(challenge.clone()),
        },
        // Without an authentication class, no credentials would help.
        _ => Error::Forbidden,
    }
}

/// Converted parameters, and what is wrong with the request's.
type Read = (Vec<Value>, Faults);

/// Reads what the route wants of the body. Faults of a form are refused here, except where the
/// handler may add to them.
async fn read_body<H>(
    route: &Route<H>,
    request: &mut Request,
    (values, faults): &mut Read,
) -> Result<Received, Error> {
    let form = route.form.as_ref();
    if form.is_some() || route.body.is_some() || route.reads_body {
        content_coding::open(request, route.inflates)?;
    }
    if let Some(rules) = form.filter(|rules| rules.declared || form::is_multipart(request)) {
        // It is large, and other requests do not need it.
        let received = Box::pin(form::read(request, rules, faults)).await?;
        route.extractor.extract_form(&received.form, values, faults);
        if !faults.is_empty() && !route.adds_faults {
            return Err(Error::Validation(std::mem::take(faults)));
        }
        return Ok(received);
    }
    let mut received = Received::default();
    match &route.body {
        Some(declared) => {
            if let Some((body, media_type)) =
                body::read_declared(request, declared, route.max_body_size).await?
            {
                received.body = Some(body);
                received.media_type = media_type;
            }
        }
        None if route.reads_body => {
            received.body = body::read(request, route.max_body_size).await?;
        }
        None => {}
    }
    Ok(received)
}

/// Reads the parameters outside the body. Faults are refused here, except where the body or the
/// handler may add to them.
fn extract<H>(route: &Route<H>, request: &Request, captures: &Captures) -> Result<Read, Error> {
    let (values, faults) = route.extractor.extract(request, captures);
    if !faults.is_empty() && !route.adds_faults && !route.extractor.reads_form() {
        return Err(Error::Validation(faults));
    }
    Ok((values, faults))
}

async fn finish<T>(outcome: Outcome<T>) -> Result<T, Error> {
    match outcome {
        Outcome::Ready(result) => result,
        Outcome::Pending(future) => future.await,
    }
}

//! A token's claims: their types, and the rules of RFC 7519 §4.1.

use std::borrow::Cow;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};

use super::RejectReason;
use super::identity::Facts;
use super::members::{self, Ignored, Members, Text};
use super::names::Names;

/// The claims that are read; the rest of the payload is only checked to be JSON.
///
/// A claim that is there has a value of its type. `null` is no value of any: an issuer that has
/// nothing to say leaves the claim out, and a reader that took `"exp": null` for *no expiry* would
/// turn an issuer's fault into an eternal token.
#[derive(Default)]
pub(super) struct Claims<'a> {
    times: Times,
    aud: Option<OneOrMany<'a>>,
    iss: Option<Text<'a>>,
    sub: Option<Subject>,
    /// The name of the claim that stands in for `sub`.
    user_id_claim: Option<&'a str>,
    user_id: Option<Subject>,
    token_type: Option<Text<'a>>,
    jti: Option<Text<'a>>,
    sid: Option<Text<'a>>,
    is_staff: Option<bool>,
    is_superuser: Option<bool>,
    permissions: Option<Names>,
    scope: Option<OneOrMany<'a>>,
}

/// When a token is good, in seconds since 1970. Where times are missing they are not required, as in
/// RFC 7519.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Times {
    exp: Option<f64>,
    nbf: Option<f64>,
    iat: Option<f64>,
}

/// What a token must say beyond its signature.
#[derive(Debug, Clone)]
pub(super) struct Expectations {
    /// Names of this principal; empty where it has none.
    pub(super) audiences: Vec<String>,
    /// The one issuer that is accepted.
    pub(super) issuer: Option<String>,
    /// Tolerated clock difference, in seconds.
    pub(super) leeway: f64,
    /// What `token_type` must be; `None` is [`ACCESS`], or nothing.
    pub(super) token_type: Option<String>,
    /// The claim that names the user.
    pub(super) user_id_claim: Option<String>,
    /// Whether a token must have an id by which it can be taken back.
    pub(super) is_revocable: bool,
}

/// The `token_type` of a token that is sent with requests, as djangorestframework-simplejwt has it.
const ACCESS: &str = "access";

impl<'a> Claims<'a> {
    /// Reads a payload whose signature was verified.
    pub(super) fn parse(
        payload: &'a [u8],
        expected: &'a Expectations,
    ) -> Result<Self, RejectReason> {
        let mut claims = Self {
            user_id_claim: expected.user_id_claim.as_deref(),
            ..Self::default()
        };
        members::parse_into(&mut claims, payload, RejectReason::MalformedClaims)?;
        Ok(claims)
    }

    /// The ids by which the token can be taken back: its own, and that of its session.
    pub(super) fn ids(&self) -> impl Iterator<Item = String> {
        let jti = self.jti.as_ref().map(|Text(id)| format!("jti:{id}"));
        let sid = self.sid.as_ref().map(|Text(id)| format!("sid:{id}"));
        jti.into_iter().chain(sid)
    }

    /// When the token is good.
    pub(super) fn times(&self) -> Times {
        self.times
    }

    /// Applies RFC 7519 §4.1.1 (`iss`), §4.1.3 (`aud`), and the rules of [`Times::check`].
    pub(super) fn check(
        &self,
        expected: &Expectations,
        now: SystemTime,
    ) -> Result<(), RejectReason> {
        self.times.check(expected.leeway, now)?;
        if !self.is_meant_for(&expected.audiences) {
            return Err(RejectReason::WrongAudience);
        }
        match (&expected.issuer, &self.iss) {
            (Some(expected), Some(Text(issuer))) if issuer == expected => {}
            (Some(_), _) => return Err(RejectReason::WrongIssuer),
            (None, _) => {}
        }
        if !self.has_type(expected.token_type.as_deref()) {
            return Err(RejectReason::WrongTokenType);
        }
        if self.user_id_claim.is_some() && self.user_id.is_none() {
            return Err(RejectReason::MissingUserId);
        }
        if expected.is_revocable && self.jti.is_none() {
            return Err(RejectReason::MissingTokenId);
        }
        Ok(())
    }

    fn has_type(&self, expected: Option<&str>) -> bool {
        let actual = self.token_type.as_ref().map(|Text(name)| name.as_ref());
        match expected {
            Some(_) => actual == expected,
            None => actual.is_none_or(|name| name == ACCESS),
        }
    }

    /// A token with `aud` is refused by whoever does not find its own name there, and a principal
    /// without a name finds none: RFC 7519 §4.1.3 says *must*. Otherwise a token that one issuer
    /// made for another service with the same key would be good here.
    fn is_meant_for(&self, names: &[String]) -> bool {
        match &self.aud {
            None => names.is_empty(),
            Some(aud) => aud
                .as_slice()
                .iter()
                .any(|aud| names.iter().any(|name| name == aud)),
        }
    }
}

impl Times {
    /// Applies RFC 7519 §4.1.4 (`exp`), §4.1.5 (`nbf`) and §4.1.6 (`iat`), with a tolerated clock
    /// difference in seconds.
    pub(super) fn check(&self, leeway: f64, now: SystemTime) -> Result<(), RejectReason> {
        let now = seconds_since_epoch(now);
        // "On or after" `exp` is too late.
        if self.exp.is_some_and(|exp| now >= exp + leeway) {
            return Err(RejectReason::Expired);
        }
        if self.nbf.is_some_and(|nbf| now + leeway < nbf) {
            return Err(RejectReason::NotYetValid);
        }
        if self.iat.is_some_and(|iat| now + leeway < iat) {
            return Err(RejectReason::IssuedInFuture);
        }
        Ok(())
    }
}

/// The subject as text, and the facts that the token vouches for.
///
/// Scopes are always known: a token is the only place where they are, so one without `scope`
/// grants none (RFC 6749 §3.3), and nobody could find out more.
pub(super) fn subject_and_facts(claims: Claims<'_>) -> (Option<String>, Facts) {
    let scopes = claims.scope.map(OneOrMany::into_scopes);
    let facts = Facts {
        is_staff: claims.is_staff,
        is_superuser: claims.is_superuser,
        permissions: claims.permissions,
        scopes: Some(scopes.unwrap_or_default()),
    };
    let user_id = claims.user_id_claim.map_or(claims.sub, |_| claims.user_id);
    (user_id.map(|subject| subject.0), facts)
}

impl<'de> Members<'de> for Claims<'de> {
    fn read<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        if self.user_id_claim == Some(name) {
            self.user_id = Some(values.next_value()?);
            return Ok(());
        }
        match name {
            "token_type" => self.token_type = Some(values.next_value()?),
            "jti" => self.jti = Some(values.next_value()?),
            "sid" => self.sid = Some(values.next_value()?),
            "exp" => self.times.exp = Some(values.next_value::<NumericDate>()?.0),
            "nbf" => self.times.nbf = Some(values.next_value::<NumericDate>()?.0),
            "iat" => self.times.iat = Some(values.next_value::<NumericDate>()?.0),
            "aud" => self.aud = Some(values.next_value()?),
            "iss" => self.iss = Some(values.next_value()?),
            "sub" => self.sub = Some(values.next_value()?),
            "is_staff" => self.is_staff = Some(values.next_value()?),
            "is_superuser" => self.is_superuser = Some(values.next_value()?),
            "permissions" => self.permissions = Some(values.next_value()?),
            "scope" => self.scope = Some(values.next_value()?),
            _ => {
                values.next_value::<Ignored>()?;
            }
        }
        Ok(())
    }
}

/// Seconds since 1970, RFC 7519 §2: fractions are allowed, nothing before 1970 is.
struct NumericDate(f64);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        if seconds.is_finite() && seconds.is_sign_positive() {
            Ok(Self(seconds))
        } else {
            let fault = Unexpected::Float(seconds);
            Err(D::Error::invalid_value(
                fault,
                &"a finite number, not negative",
            ))
        }
    }
}

/// `sub`: text as RFC 7519 §4.1.2 has it, or the integer that many Django projects put there.
struct Subject(String);

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SubjectVisitor)
    }
}

struct SubjectVisitor;

impl Visitor<'_> for SubjectVisitor {
    type Value = Subject;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text that is not empty, or an integer")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Subject, E> {
        if text.is_empty() {
            return Err(E::invalid_value(Unexpected::Str(text), &self));
        }
        Ok(Subject(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Subject, E> {
        Ok(Subject(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Subject, E> {
        Ok(Subject(number.to_string()))
    }
}

/// Text, or a list of texts.
enum OneOrMany<'a> {
    One(Cow<'a, str>),
    Many(Vec<Cow<'a, str>>),
}

impl<'a> OneOrMany<'a> {
    fn as_slice(&self) -> &[Cow<'a, str>] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    /// As text, scopes are separated by spaces (RFC 8693 §4.2); in a list each stands alone.
    fn into_scopes(self) -> Names {
        match self {
            Self::One(text) => text.split(' ').filter(|scope| !scope.is_empty()).collect(),
            Self::Many(scopes) => scopes.into_iter().collect(),
        }
    }
}

impl<'de> Deserialize<'de> for OneOrMany<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

struct OneOrManyVisitor;

impl<'de> Visitor<'de> for OneOrManyVisitor {
    type Value = OneOrMany<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a list of texts")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(OneOrMany::One(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(OneOrMany::One(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut many = Vec::new();
        while let Some(Text(text)) = items.next_element()? {
            many.push(text);
        }
        Ok(OneOrMany::Many(many))
    }
}

/// A clock that stands before 1970 counts backwards, and no token is good by it but an old one.
fn seconds_since_epoch(now: SystemTime) -> f64 {
    match now.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

//! Why credentials were refused.

use std::fmt;

use actix_http::header::HeaderValue;

use crate::error::Error;

/// Credentials that were found and are wrong. The request ends with 401, whatever its guard says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected {
    /// What the client is told.
    pub detail: &'static str,
    /// `WWW-Authenticate` of the reply, RFC 9110 §11.6.1.
    pub challenge: &'static str,
    /// What the log is told; more than the client learns, and never any part of the credentials.
    pub reason: RejectReason,
}

impl Rejected {
    pub(super) fn new(reason: RejectReason, challenge: &'static str) -> Self {
        Self {
            detail: reason.detail(),
            challenge,
            reason,
        }
    }
}

impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        Self::Unauthenticated {
            detail: rejected.detail,
            challenge: Some(HeaderValue::from_static(rejected.challenge)),
        }
    }
}

/// The closed list of reasons for which credentials are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RejectReason {
    /// The header that carries the credentials came more than once.
    RepeatedHeader,
    /// `Authorization: Bearer` is followed by no token, or by more than one.
    MalformedHeader,
    /// The token is longer than [`MAX_TOKEN_BYTES`](super::token::MAX_TOKEN_BYTES).
    TokenTooLarge,
    /// Not a compact JWS with a JSON header, RFC 7515 §7.1.
    MalformedToken,
    /// The header lists extensions that must be understood, and none is: RFC 7515 §4.1.11.
    CriticalExtension,
    /// `alg` is not in the allow-list; `none` never is.
    AlgorithmNotAllowed,
    /// `kid` names no key of the set.
    UnknownKeyId,
    /// There is no `kid`, and several keys could be meant.
    MissingKeyId,
    /// The set of keys is empty: it was never fetched.
    NoKeys,
    /// The signature is not that of the key.
    BadSignature,
    /// The payload is not a JSON object, or a claim has the wrong type.
    MalformedClaims,
    /// A member name stands twice in the header or in the payload, RFC 7515 §4 and RFC 7519 §4.
    DuplicateMember,
    /// `exp` has passed.
    Expired,
    /// `nbf` has not come.
    NotYetValid,
    /// `iat` lies in the future.
    IssuedInFuture,
    /// `aud` is missing where it is required, or names nobody that is served here.
    WrongAudience,
    /// `iss` is missing where it is required, or is somebody else.
    WrongIssuer,
    /// `token_type` says that it is for something else, as a refresh token is.
    WrongTokenType,
    /// The claim that names the user is not there.
    MissingUserId,
    /// There is no `jti`, without which a token cannot be taken back.
    MissingTokenId,
    /// The token was taken back.
    Revoked,
    /// No such API key.
    UnknownKey,
    /// The route names an authentication class that does not exist; the service was built wrong.
    UnknownAuthenticator,
}

impl RejectReason {
    /// The name that stands in a log line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RepeatedHeader => "repeated_header",
            Self::MalformedHeader => "malformed_header",
            Self::TokenTooLarge => "token_too_large",
            Self::MalformedToken => "malformed_token",
            Self::CriticalExtension => "critical_extension",
            Self::AlgorithmNotAllowed => "algorithm_not_allowed",
            Self::UnknownKeyId => "unknown_key_id",
            Self::MissingKeyId => "missing_key_id",
            Self::NoKeys => "no_keys",
            Self::BadSignature => "bad_signature",
            Self::MalformedClaims => "malformed_claims",
            Self::DuplicateMember => "duplicate_member",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::IssuedInFuture => "issued_in_future",
            Self::WrongAudience => "wrong_audience",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongTokenType => "wrong_token_type",
            Self::MissingUserId => "missing_user_id",
            Self::MissingTokenId => "missing_token_id",
            Self::Revoked => "revoked",
            Self::UnknownKey => "unknown_key",
            Self::UnknownAuthenticator => "unknown_authenticator",
        }
    }

    /// What the client is told. Only what an honest client can act on is told apart: it renews a
    /// token that has expired, and waits for one that is not valid yet.
    fn detail(self) -> &'static str {
        match self {
            Self::Expired => "Token has expired.",
            Self::NotYetValid | Self::IssuedInFuture => "Token is not valid yet.",
            Self::Revoked => "Token has been revoked.",
            Self::RepeatedHeader => "Credentials were sent more than once.",
            Self::UnknownKey => "Invalid API key.",
            Self::UnknownAuthenticator => "Credentials cannot be verified.",
            Self::MalformedHeader
            | Self::TokenTooLarge
            | Self::MalformedToken
            | Self::CriticalExtension
            | Self::AlgorithmNotAllowed
            | Self::UnknownKeyId
            | Self::MissingKeyId
            | Self::NoKeys
            | Self::BadSignature
            | Self::MalformedClaims
            | Self::DuplicateMember
            | Self::WrongAudience
            | Self::WrongIssuer
            | Self::WrongTokenType
            | Self::MissingUserId
            | Self::MissingTokenId => "Invalid token.",
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

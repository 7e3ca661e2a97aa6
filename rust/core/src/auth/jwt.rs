//! JSON Web Tokens in `Authorization: Bearer`, RFC 6750 §2.1.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use actix_http::header::{AUTHORIZATION, HeaderMap};
use arc_swap::ArcSwap;
use bytes::Bytes;
use smallvec::SmallVec;

use super::claims::{self, Claims, Times};
use super::identity::{Identity, Scheme};
use super::key_set::KeySet;
use super::resources::Resources;
use super::revoked::RevokedTokens;
use super::ring::Ring;
use super::token::{Rules, Verifier};
use super::verified::VerifiedTokens;
use super::{RejectReason, Rejected};
use crate::plan::{self, PlanError, Revocation};

/// `WWW-Authenticate` where a token is missing.
pub const CHALLENGE: &str = "Bearer realm=\"api\"";

/// `WWW-Authenticate` where a token is refused, RFC 6750 §3.1.
pub const INVALID_TOKEN: &str = "Bearer realm=\"api\", error=\"invalid_token\"";

const SCHEME: &[u8] = b"Bearer";

/// One JWT authentication class.
pub struct Jwt {
    index: usize,
    verifier: Verifier,
    memory: Memory,
    /// The tokens that were taken back in this process.
    revoked: Option<Arc<RevokedTokens>>,
    /// Whether Python has to be asked which were.
    is_checked_in_python: bool,
}

/// The verified tokens that are remembered.
enum Memory {
    /// None: those of shared secrets cost less to verify than to remember.
    Off,
    /// Those of keys that stay.
    Fixed(VerifiedTokens),
    /// Those of keys that may be exchanged, which takes their tokens along.
    Shared(ArcSwap<Era>),
}

/// The time of one ring of keys.
#[derive(Default)]
struct Era {
    ring: Arc<Ring>,
    tokens: VerifiedTokens,
}

impl Jwt {
    /// Compiles one class of the plan. Paths in errors are relative to the class.
    pub(super) fn compile(
        index: usize,
        plan: &plan::Jwt,
        resources: &Resources<'_>,
    ) -> Result<Self, PlanError> {
        let rules = Rules {
            algorithms: &plan.algorithms,
            audiences: &plan.audiences,
            issuer: plan.issuer.as_deref(),
            leeway: plan.leeway,
            token_type: plan.token_type.as_deref(),
            user_id_claim: plan.user_id_claim.as_deref(),
            is_revocable: plan.revocation.is_some(),
        };
        let verifier = match &plan.key_set {
            None => Verifier::with_keys(&find_keys(plan, resources)?, &rules)?,
            Some(_) if !plan.secrets.is_empty() => {
                let message = "A class has secrets or a key set, not both.";
                return Err(PlanError::new("key_set", message));
            }
            Some(id) => Verifier::with_key_set(resources.find_key_set(id)?, &rules)?,
        };
        let memory = match (verifier.has_public_key(), verifier.key_set()) {
            (false, _) => Memory::Off,
            (true, None) => Memory::Fixed(VerifiedTokens::default()),
            (true, Some(_)) => Memory::Shared(ArcSwap::default()),
        };
        let revoked = match &plan.revocation {
            Some(Revocation::Memory { list }) => Some(resources.find_revoked(list)?),
            Some(Revocation::Python {}) | None => None,
        };
        Ok(Self {
            index,
            verifier,
            memory,
            revoked,
            is_checked_in_python: matches!(plan.revocation, Some(Revocation::Python {})),
        })
    }

    /// Whether Python has to be asked whether a good token was taken back.
    pub(super) fn is_checked_in_python(&self) -> bool {
        self.is_checked_in_python
    }

    /// Whom the request's token names, or `None` where the request has no bearer token.
    ///
    /// # Errors
    ///
    /// The token is wrong in any way, or `Authorization` came more than once.
    pub fn authenticate(
        &self,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Result<Option<Arc<Identity>>, Rejected> {
        self.try_authenticate(headers, now)
            .map_err(|reason| Rejected::new(reason, INVALID_TOKEN))
    }

    fn try_authenticate(
        &self,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Result<Option<Arc<Identity>>, RejectReason> {
        let Some(token) = find_token(headers)? else {
            return Ok(None);
        };
        let identity = match self.verifier.key_set() {
            None => self.identify(token, now),
            Some(keys) => self.identify_by(keys, token, now),
        }?;
        // Asked on every request, of tokens that are remembered as well.
        match &self.revoked {
            Some(revoked) if revoked.contains(&identity.ids) => Err(RejectReason::Revoked),
            _ => Ok(Some(identity)),
        }
    }

    /// Whom a token names, by keys that stay.
    fn identify(&self, token: &[u8], now: SystemTime) -> Result<Arc<Identity>, RejectReason> {
        let verify = || {
            self.verifier
                .verify_with(token, now, |claims| self.read(claims))
        };
        match &self.memory {
            Memory::Fixed(tokens) => self.remember(tokens, token, now, verify),
            _ => verify().map(|verified| Self::known(verified).0),
        }
    }

    /// Whom a token names, by a set of keys as it stands now.
    fn identify_by(
        &self,
        keys: &KeySet,
        token: &[u8],
        now: SystemTime,
    ) -> Result<Arc<Identity>, RejectReason> {
        let ring = keys.current();
        let verify = || {
            let read = |claims: Claims<'_>| self.read(claims);
            let verified = self.verifier.verify_by(&ring, token, now, read);
            if let Err(RejectReason::UnknownKeyId | RejectReason::NoKeys) = &verified {
                keys.want();
            }
            verified
        };
        match &self.memory {
            Memory::Shared(era) => {
                let tokens = &Self::era_of(era, &ring).tokens;
                self.remember(tokens, token, now, verify)
            }
            _ => verify().map(|verified| Self::known(verified).0),
        }
    }

    /// The tokens that were verified with these very keys. Those of others are forgotten, and what
    /// another thread verifies with them meanwhile goes into a table that nobody asks any more.
    fn era_of(era: &ArcSwap<Era>, ring: &Arc<Ring>) -> Arc<Era> {
        let current = era.load_full();
        if Arc::ptr_eq(&current.ring, ring) {
            return current;
        }
        let next = Arc::new(Era {
            ring: Arc::clone(ring),
            tokens: VerifiedTokens::default(),
        });
        era.store(Arc::clone(&next));
        next
    }

    /// Whom a token names that may have been seen before.
    fn remember(
        &self,
        tokens: &VerifiedTokens,
        token: &[u8],
        now: SystemTime,
        verify: impl FnOnce() -> Result<(Bytes, Read), RejectReason>,
    ) -> Result<Arc<Identity>, RejectReason> {
        if let Some((identity, times)) = tokens.find(token, now) {
            self.verifier.check_times(times, now)?;
            return Ok(identity);
        }
        let (identity, times) = Self::known(verify()?);
        tokens.insert(token, now, Arc::clone(&identity), times);
        Ok(identity)
    }

    /// What is kept of good claims.
    fn read(&self, claims: Claims<'_>) -> Read {
        let ids = match &self.revoked {
            None => Box::default(),
            Some(_) => claims.ids().collect(),
        };
        let times = claims.times();
        let (user_id, facts) = claims::subject_and_facts(claims);
        let identity = Identity {
            authenticator: self.index,
            scheme: Scheme::Jwt,
            user_id,
            facts,
            claims: None,
            ids,
        };
        (identity, times)
    }

    fn known((payload, (mut identity, times)): (Bytes, Read)) -> (Arc<Identity>, Times) {
        identity.claims = Some(payload);
        (Arc::new(identity), times)
    }
}

/// What is kept of good claims; the payload itself is added later.
type Read = (Identity, Times);

/// The keys of the ids that the plan names.
fn find_keys<'a>(
    plan: &plan::Jwt,
    resources: &Resources<'a>,
) -> Result<SmallVec<[&'a [u8]; 1]>, PlanError> {
    if plan.secrets.is_empty() {
        return Err(PlanError::new(
            "secrets",
            "There is neither a secret nor a key set.",
        ));
    }
    let find = |(place, id): (usize, &String)| {
        let found = resources.find_secret(id);
        found.map_err(|message| PlanError::new(format!("secrets[{place}]"), message))
    };
    plan.secrets.iter().enumerate().map(find).collect()
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt")
            .field("index", &self.index)
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}

/// The token behind the scheme `Bearer`, whose name has no case (RFC 9110 §11.1). Another scheme is
/// somebody else's credentials.
///
/// Two `Authorization` headers are refused whatever their schemes: the field is no list, and a
/// proxy in front may have looked at the other one.
fn find_token(headers: &HeaderMap) -> Result<Option<&[u8]>, RejectReason> {
    let mut values = headers.get_all(AUTHORIZATION);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(RejectReason::RepeatedHeader);
    }
    let value = value.as_bytes();
    let end = value.iter().position(|byte| !is_token_char(*byte));
    let (scheme, rest) = value.split_at(end.unwrap_or(value.len()));
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Ok(None);
    }
    // `1*SP`, then the token. A blank within the token is refused by base64.
    match rest.iter().position(|byte| *byte != b' ') {
        None | Some(0) => Err(RejectReason::MalformedHeader),
        Some(start) => Ok(Some(&rest[start..])),
    }
}

/// `tchar` of RFC 9110 §5.6.2, what the name of a scheme is made of.
fn is_token_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

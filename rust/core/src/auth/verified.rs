//! Tokens whose signature was found good a moment ago.
//!
//! A signature of a key pair costs fourteen to hundreds of microseconds to check, and a client sends
//! the same token again and again. What is remembered is a success, for a minute at most; a token's
//! times are compared with the clock on every request all the same. See docs/decisions/0014.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use super::claims::Times;
use super::identity::Identity;

/// How long a signature is believed without being checked again.
const LIFE: Duration = Duration::from_secs(60);

/// A longer token is not remembered. Those of the usual providers have 1 to 3 KiB.
const MAX_TOKEN_BYTES: usize = 4 * 1024;

/// The tokens of a generation, of which there are two.
const MAX_TOKENS: usize = 2048;

/// The bytes of a generation's tokens together.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// The tokens that one authentication class remembers.
#[derive(Default)]
pub(super) struct VerifiedTokens {
    /// Its key is drawn at start, so that nobody can tell which tokens share a place.
    hasher: RandomState,
    generations: Mutex<Generations>,
}

/// Entries move to the young generation when they are asked for. The old one goes as a whole when
/// the young one is full or a minute old, which throws away the tokens that nobody sent meanwhile.
#[derive(Default)]
struct Generations {
    young: Generation,
    old: Generation,
}

#[derive(Default)]
struct Generation {
    /// By the hash of the token, which is compared as a whole then.
    tokens: HashMap<u64, Verified>,
    bytes: usize,
    began: Option<SystemTime>,
}

struct Verified {
    token: Box<[u8]>,
    since: SystemTime,
    identity: Arc<Identity>,
    times: Times,
}

impl VerifiedTokens {
    /// Whom a token names that was verified within the last minute, and its times, which the caller
    /// compares with the clock.
    pub(super) fn find(&self, token: &[u8], now: SystemTime) -> Option<(Arc<Identity>, Times)> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let place = self.hasher.hash_one(token);
        let mut generations = self.generations.lock();
        if let Some(verified) = generations.young.tokens.get(&place) {
            return verified.answer(token, now);
        }
        let verified = generations.old.remove(place)?;
        let answer = verified.answer(token, now)?;
        let retired = generations.keep(place, verified, now);
        drop(generations);
        drop(retired); // thousands of entries; nobody has to wait for them
        Some(answer)
    }

    /// Remembers a token that was verified at `now`.
    pub(super) fn insert(
        &self,
        token: &[u8],
        now: SystemTime,
        identity: Arc<Identity>,
        times: Times,
    ) {
        if token.len() > MAX_TOKEN_BYTES {
            return;
        }
        let verified = Verified {
            token: token.into(),
            since: now,
            identity,
            times,
        };
        let place = self.hasher.hash_one(token);
        let retired = self.generations.lock().keep(place, verified, now);
        drop(retired);
    }
}

impl Generations {
    /// Adds to the young generation, and returns what had to go for it.
    fn keep(&mut self, place: u64, verified: Verified, now: SystemTime) -> Option<Generation> {
        let retired = self.young.is_over(verified.token.len(), now).then(|| {
            let young = Generation::default();
            let old = std::mem::replace(&mut self.young, young);
            std::mem::replace(&mut self.old, old)
        });
        self.young.began.get_or_insert(now);
        self.young.remove(place);
        self.young.bytes += verified.token.len();
        self.young.tokens.insert(place, verified);
        retired
    }
}

impl Generation {
    /// Whether another token of `bytes` belongs to the next generation.
    fn is_over(&self, bytes: usize, now: SystemTime) -> bool {
        self.tokens.len() >= MAX_TOKENS
            || self.bytes + bytes > MAX_BYTES
            || self.began.is_some_and(|began| is_far(began, now))
    }

    fn remove(&mut self, place: u64) -> Option<Verified> {
        let removed = self.tokens.remove(&place)?;
        self.bytes -= removed.token.len();
        Some(removed)
    }
}

impl Verified {
    fn answer(&self, token: &[u8], now: SystemTime) -> Option<(Arc<Identity>, Times)> {
        let good = *self.token == *token && is_recent(self.since, now);
        good.then(|| (Arc::clone(&self.identity), self.times))
    }
}

/// Whether there is a minute between the two, whichever is first: threads that read the clock at the
/// same time do not come here in the same order.
fn is_far(one: SystemTime, other: SystemTime) -> bool {
    let between = one.duration_since(other);
    between.unwrap_or_else(|earlier| earlier.duration()) >= LIFE
}

/// Whether `then` is less than a minute ago. A clock that was set back makes nothing recent.
fn is_recent(then: SystemTime, now: SystemTime) -> bool {
    now.duration_since(then).is_ok_and(|since| since < LIFE)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;

    use super::*;
    use crate::auth::identity::{Facts, Scheme};

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn somebody() -> Arc<Identity> {
        Arc::new(Identity {
            authenticator: 0,
            scheme: Scheme::Jwt,
            user_id: None,
            facts: Facts::default(),
            claims: None,
            ids: Box::default(),
        })
    }

    fn insert(tokens: &VerifiedTokens, token: &[u8], now: u64) {
        tokens.insert(token, at(now), somebody(), Times::default());
    }

    fn has(tokens: &VerifiedTokens, token: &[u8], now: u64) -> bool {
        tokens.find(token, at(now)).is_some()
    }

    /// Entries and bytes, as they are and as they are counted.
    fn size(tokens: &VerifiedTokens) -> (usize, usize) {
        let generations = tokens.generations.lock();
        let both = [&generations.young, &generations.old];
        for generation in both {
            let lengths = generation.tokens.values().map(|kept| kept.token.len());
            assert_eq!(lengths.sum::<usize>(), generation.bytes);
        }
        let count = both.map(|generation| generation.tokens.len());
        let bytes = both.map(|generation| generation.bytes);
        (count.iter().sum(), bytes.iter().sum())
    }

    #[test]
    fn a_token_is_known_for_a_minute() {
        let cases = [
            (100, true),
            (159, true),
            (160, false),
            (99, false),
            (0, false),
        ];
        for (now, known) in cases {
            let tokens = VerifiedTokens::default();
            insert(&tokens, b"token", 100);
            assert_eq!(has(&tokens, b"token", now), known, "{now}");
        }
    }

    #[test]
    fn being_asked_for_does_not_make_a_token_younger() {
        let tokens = VerifiedTokens::default();
        insert(&tokens, b"first", 0);
        insert(&tokens, b"token", 59);
        insert(&tokens, b"rotates", 60); // `token` is in the old generation now
        assert!(has(&tokens, b"token", 100));
        assert!(has(&tokens, b"token", 118));
        assert!(!has(&tokens, b"token", 119));
    }

    #[test]
    fn neither_tokens_nor_bytes_exceed_their_bounds() {
        for length in [8, 1000, MAX_TOKEN_BYTES] {
            let tokens = VerifiedTokens::default();
            for number in 0..3 * MAX_TOKENS {
                let token = format!("{number:0length$}");
                insert(&tokens, token.as_bytes(), 0);
                assert!(has(&tokens, token.as_bytes(), 0));
            }
            let (count, bytes) = size(&tokens);
            assert!(
                count <= 2 * MAX_TOKENS && bytes <= 2 * MAX_BYTES,
                "{length}"
            );
            assert!(count > MAX_TOKENS.min(MAX_BYTES / length) / 2, "{length}");
        }
    }

    #[test]
    fn what_is_asked_for_stays_while_others_go() {
        let tokens = VerifiedTokens::default();
        insert(&tokens, b"token", 0);
        for number in 0..5 * MAX_TOKENS {
            insert(&tokens, format!("{number}").as_bytes(), 0);
            assert!(number % 1000 != 0 || has(&tokens, b"token", 0), "{number}");
        }
        assert!(!has(&tokens, b"0", 0));
    }

    #[test]
    fn a_long_token_is_not_kept() {
        let tokens = VerifiedTokens::default();
        let token = [b'x'; MAX_TOKEN_BYTES + 1];
        insert(&tokens, &token, 0);
        assert!(!has(&tokens, &token, 0));
        assert_eq!(size(&tokens), (0, 0));
    }

    #[test]
    fn what_is_too_old_goes_with_the_next_token() {
        let tokens = VerifiedTokens::default();
        for number in 0..100 {
            insert(&tokens, format!("{number}").as_bytes(), 0);
        }
        insert(&tokens, b"later", 60);
        insert(&tokens, b"latest", 120);
        assert_eq!(size(&tokens).0, 2);
    }

    #[test]
    fn threads_share_it() {
        let tokens = VerifiedTokens::default();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let tokens = &tokens;
                scope.spawn(move || {
                    for number in 0..MAX_TOKENS / 4 {
                        let token = format!("{thread}.{number}");
                        insert(tokens, token.as_bytes(), 0);
                        assert!(has(tokens, token.as_bytes(), 0));
                    }
                });
            }
        });
        assert_eq!(size(&tokens).0, MAX_TOKENS);
    }

    #[test]
    fn a_thread_that_read_the_clock_earlier_throws_nothing_away() {
        let tokens = VerifiedTokens::default();
        for (token, now) in [(b"one", 101), (b"two", 100), (b"six", 101), (b"ten", 100)] {
            insert(&tokens, token, now);
        }
        assert!(has(&tokens, b"one", 101));
        assert_eq!(tokens.generations.lock().young.tokens.len(), 4);
        insert(&tokens, b"set back", 0);
        assert_eq!(tokens.generations.lock().young.tokens.len(), 1);
    }

    proptest! {
        #[test]
        fn another_token_is_never_found(
            token in proptest::collection::vec(any::<u8>(), 1..300),
            place in any::<prop::sample::Index>(),
            change in 1_u8..,
        ) {
            let tokens = VerifiedTokens::default();
            insert(&tokens, &token, 0);
            let mut other = token.clone();
            other[place.index(token.len())] ^= change;
            prop_assert!(!has(&tokens, &other, 0));
            prop_assert!(!has(&tokens, &token[1..], 0));
            prop_assert!(has(&tokens, &token, 0));
        }
    }
}

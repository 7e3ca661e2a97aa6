//! What a run's fixtures hold: keys, and the file that is sent.

use std::env;
use std::fs;
use std::path::PathBuf;

use jsonwebtoken::errors::Error;
use jsonwebtoken::{Algorithm, DecodingKey};

use crate::ticks::Ticks;
use crate::tokens::Verifier;

/// Everything that requests are answered from.
pub struct Data {
    pub hs256: Verifier,
    pub rs256: Verifier,
    pub es256: Verifier,
    pub file: PathBuf,
    pub ticks: Ticks,
}

impl Data {
    /// Reads the directory that `BENCH_DATA` names.
    pub fn read() -> Result<Self, String> {
        let directory = env::var_os("BENCH_DATA").ok_or("BENCH_DATA is not set")?;
        let directory = PathBuf::from(directory);
        let verifier = |algorithm, name: &str, parse: Parse| {
            let text =
                fs::read(directory.join(name)).map_err(|error| format!("{name}: {error}"))?;
            let key = parse(text.trim_ascii()).map_err(|error| format!("{name}: {error}"))?;
            Ok::<_, String>(Verifier::new(algorithm, key))
        };
        Ok(Self {
            hs256: verifier(Algorithm::HS256, "hs256.key", |secret| {
                Ok(DecodingKey::from_secret(secret))
            })?,
            rs256: verifier(Algorithm::RS256, "rs256.pub.pem", DecodingKey::from_rsa_pem)?,
            es256: verifier(Algorithm::ES256, "es256.pub.pem", DecodingKey::from_ec_pem)?,
            file: directory.join("file-100k.bin"),
            ticks: Ticks::new(),
        })
    }
}

type Parse = fn(&[u8]) -> Result<DecodingKey, Error>;

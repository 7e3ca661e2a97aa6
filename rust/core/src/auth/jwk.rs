//! Keys as JSON: a JWK or a set of them, RFC 7517; the keys' numbers, RFC 7518 §6 and RFC 8037 §2.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::algorithm::{Algorithm, KeyKind};
use super::key::VerifyingKey;
use super::public_key::PublicKey;
use super::ring::{BoundKey, Ring};

/// Most keys of a set. Providers have two or three.
const MOST_KEYS: usize = 100;

/// One key, RFC 7517 §4. Members that are not here, `x5u` and `x5c` among them, are not looked at.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    k: Option<String>,
}

/// What a key is made of.
enum Material {
    Secret(Vec<u8>),
    Public(PublicKey),
}

/// Reads a JWK or a set of them, for the algorithms that are allowed.
///
/// A key of a set that is for something else is passed over, as RFC 7517 §5 has it. The error, of a
/// document that has no key to verify with, or a private one, is for whoever set it up.
pub(super) fn read(document: &Value, allowed: &[&'static Algorithm]) -> Result<Ring, String> {
    let keys = match document.get("keys") {
        None if document.get("kty").is_some() => std::slice::from_ref(document),
        Some(Value::Array(keys)) => keys.as_slice(),
        _ => return Err("This is neither a JWK nor a set of them: {\"keys\": [...]}.".to_owned()),
    };
    if keys.len() > MOST_KEYS {
        return Err(format!(
            "The set has {} keys, above {MOST_KEYS}.",
            keys.len()
        ));
    }
    if keys.iter().any(is_private) {
        return Err(
            "There is a private key among them, which nobody but the issuer of tokens may \
            have."
                .to_owned(),
        );
    }
    let mut bound = Vec::new();
    let mut passed_over = Vec::new();
    for (place, key) in keys.iter().enumerate() {
        match bind(key, allowed) {
            Ok(keys) => bound.extend(keys),
            Err(why) => passed_over.push(format!("keys[{place}]: {why}")),
        }
    }
    if bound.is_empty() {
        let names: Vec<_> = allowed.iter().map(|algorithm| algorithm.name).collect();
        let why = passed_over.join(" ");
        let message = format!("No key is for {}. {why}", names.join(", "));
        return Err(message.trim_end().to_owned());
    }
    Ok(Ring::new(bound))
}

/// Only pairs have a private half; the whole of an `oct` key is secret.
fn is_private(key: &Value) -> bool {
    let is_pair = key.get("kty").and_then(Value::as_str) != Some("oct");
    is_pair && key.get("d").is_some()
}

/// The key, once for each algorithm that it may verify.
fn bind(key: &Value, allowed: &[&'static Algorithm]) -> Result<Vec<BoundKey>, String> {
    let jwk = Jwk::deserialize(key).map_err(|error| format!("{error}."))?;
    jwk.check_use()?;
    let material = jwk.material()?;
    let kind = match &material {
        Material::Secret(_) => None,
        Material::Public(key) => Some(key.kind),
    };
    let bound: Vec<_> = allowed
        .iter()
        .filter(|algorithm| algorithm.key_kind() == kind && jwk.is_for(algorithm))
        .map(|algorithm| {
            let key = match &material {
                Material::Secret(secret) => VerifyingKey::of_secret(secret, algorithm),
                Material::Public(key) => VerifyingKey::of_public(key, algorithm),
            };
            key.map(|key| BoundKey {
                id: jwk.kid.clone(),
                algorithm,
                key,
            })
        })
        .collect::<Result<_, _>>()?;
    match (bound.is_empty(), &jwk.alg) {
        (false, _) => Ok(bound),
        (true, Some(name)) => Err(format!("It is for {name:?}.")),
        (true, None) => Err("It is of another kind.".to_owned()),
    }
}

impl Jwk {
    /// `use` and `key_ops`, RFC 7517 §4.2 and §4.3.
    fn check_use(&self) -> Result<(), String> {
        if let Some(usage) = self.usage.as_deref().filter(|usage| *usage != "sig") {
            return Err(format!("It is for the use {usage:?}."));
        }
        let verifies = |operations: &Vec<String>| operations.iter().any(|one| one == "verify");
        match &self.key_ops {
            Some(operations) if !verifies(operations) => Err("Its key_ops lack verify.".to_owned()),
            _ => Ok(()),
        }
    }

    /// Whether its `alg` says this algorithm or nothing, RFC 7517 §4.4.
    fn is_for(&self, algorithm: &Algorithm) -> bool {
        self.alg.as_ref().is_none_or(|name| name == algorithm.name)
    }

    fn material(&self) -> Result<Material, String> {
        match self.kty.as_str() {
            "oct" => decode("k", self.k.as_deref()).map(Material::Secret),
            "RSA" => {
                let modulus = decode("n", self.n.as_deref())?;
                let exponent = decode("e", self.e.as_deref())?;
                PublicKey::of_rsa_numbers(&modulus, &exponent).map(Material::Public)
            }
            "EC" => self.point().map(Material::Public),
            "OKP" => match self.crv.as_deref() {
                Some("Ed25519") => {
                    let point = decode("x", self.x.as_deref())?;
                    check_length("x", &point, 32)?;
                    PublicKey::of_point(KeyKind::Ed25519, point).map(Material::Public)
                }
                crv => Err(unknown_curve(crv)),
            },
            kty => Err(format!("Its kty is {kty:?}.")),
        }
    }

    /// A point on a curve, whose coordinates have the curve's size: RFC 7518 §6.2.1.2.
    fn point(&self) -> Result<PublicKey, String> {
        let (kind, length) = match self.crv.as_deref() {
            Some("P-256") => (KeyKind::P256, 32),
            Some("P-384") => (KeyKind::P384, 48),
            Some("P-521") => (KeyKind::P521, 66),
            crv => return Err(unknown_curve(crv)),
        };
        let mut point = vec![4];
        for (name, coordinate) in [("x", &self.x), ("y", &self.y)] {
            let coordinate = decode(name, coordinate.as_deref())?;
            check_length(name, &coordinate, length)?;
            point.extend(coordinate);
        }
        PublicKey::of_point(kind, point)
    }
}

fn decode(name: &str, text: Option<&str>) -> Result<Vec<u8>, String> {
    let text = text.ok_or_else(|| format!("It has no {name}."))?;
    let bytes = URL_SAFE_NO_PAD.decode(text);
    bytes.map_err(|_| format!("Its {name} is no base64url."))
}

fn check_length(name: &str, bytes: &[u8], length: usize) -> Result<(), String> {
    if bytes.len() == length {
        return Ok(());
    }
    Err(format!(
        "Its {name} has {} bytes, not {length}.",
        bytes.len()
    ))
}

fn unknown_curve(crv: Option<&str>) -> String {
    match crv {
        Some(crv) => format!("Its curve {crv:?} is not supported."),
        None => "It has no crv.".to_owned(),
    }
}

//! Public keys as people have them: PEM documents, RFC 7468.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents,
    RsaSubjectPublicKey, VerificationAlgorithm,
};
use pem::Pem;

use super::algorithm::KeyKind;

/// The sizes of RSA keys that are accepted, in bits: RFC 7518 §3.3 sets the lower one, and the
/// library the upper one, above which a signature takes milliseconds to check.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=8192;

/// The identifier of RSASSA-PSS as the algorithm of a key, RFC 4055 §3.1. Such a key is bound to one
/// hash, which the library does not hold against the algorithm it is asked to verify with.
const RSASSA_PSS: [u8; 11] = *b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";

/// ASN.1's tag of a sequence, which every document of a public key is.
const SEQUENCE: u8 = 0x30;

/// A key that is good for the algorithms of one kind.
pub(super) struct PublicKey {
    pub(super) kind: KeyKind,
    /// A `SubjectPublicKeyInfo` (RFC 5280 §4.1), an `RSAPublicKey` (RFC 8017 §A.1.1), or a point.
    der: Vec<u8>,
}

impl PublicKey {
    /// Reads the one key of a document; the error is for whoever set it up.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        let documents = pem::parse_many(text).map_err(|_| NO_PEM)?;
        if documents.iter().any(is_private) {
            return Err(PRIVATE.to_owned());
        }
        match <[Pem; 1]>::try_from(documents) {
            Ok([document]) => Self::read_document(document),
            Err(documents) if documents.is_empty() => Err(NO_PEM.to_owned()),
            Err(_) => Err("The text has several keys, and one is needed.".to_owned()),
        }
    }

    fn read_document(document: Pem) -> Result<Self, String> {
        let find_kind = match document.tag() {
            "PUBLIC KEY" => kind_of,
            "RSA PUBLIC KEY" => |der: &[u8]| is_rsa(der).then_some(KeyKind::Rsa),
            "CERTIFICATE" => return Err(CERTIFICATE.to_owned()),
            tag => return Err(format!("A PEM document of {tag:?} is no public key.")),
        };
        let der = document.into_contents();
        let sequence = der.first() == Some(&SEQUENCE);
        let kind = find_kind(&der).filter(|_| sequence).ok_or(UNKNOWN)?;
        if kind == KeyKind::Rsa {
            check_rsa(&der)?;
        }
        Ok(Self { kind, der })
    }

    /// An RSA key of its numbers, big-endian.
    pub(super) fn of_rsa_numbers(modulus: &[u8], exponent: &[u8]) -> Result<Self, String> {
        let components = RsaPublicKeyComponents {
            n: without_leading_zeros(modulus),
            e: without_leading_zeros(exponent),
        };
        let key = components
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .map_err(|_| NO_RSA)?;
        let der: PublicKeyX509Der<'_> = key.as_der().map_err(|_| NO_RSA)?;
        let der = der.as_ref().to_vec();
        check_rsa(&der)?;
        let kind = KeyKind::Rsa;
        Ok(Self { kind, der })
    }

    /// A key on a curve, as the bytes of its point: SEC 1 §2.3.3 without compression, RFC 8032
    /// §5.1.2 for Ed25519.
    pub(super) fn of_point(kind: KeyKind, point: Vec<u8>) -> Result<Self, String> {
        let key = Self { kind, der: point };
        let found = kind_of(&key.der);
        if found == Some(kind) {
            return Ok(key);
        }
        Err(format!("The numbers are not those of {kind}."))
    }

    /// The key, set up for an algorithm of its kind.
    pub(super) fn bind(
        &self,
        algorithm: &'static dyn VerificationAlgorithm,
    ) -> Result<ParsedPublicKey, String> {
        ParsedPublicKey::new(algorithm, &self.der).map_err(|_| UNKNOWN.to_owned())
    }
}

const NO_RSA: &str = "The numbers are not those of an RSA key.";
const NO_PEM: &str = "The algorithms need a public key in PEM form, and this is none.";
const PRIVATE: &str = "This is a private key, which nobody but the issuer of tokens may have. \
    The public one is wanted: openssl pkey -in KEY -pubout.";
const CERTIFICATE: &str = "This is a certificate. Its public key is wanted: \
    openssl x509 -in CERTIFICATE -noout -pubkey.";
const PSS_ALONE: &str = "This is an RSA key for PSS alone; one for any use of RSA is wanted.";
const UNKNOWN: &str = "This is neither an RSA key, nor an EC key on P-256, P-384 or P-521, nor an \
    Ed25519 key.";

/// RFC 7518 §2 asks for the fewest bytes, and some libraries put a zero in front all the same.
fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

fn is_private(document: &Pem) -> bool {
    document.tag().ends_with("PRIVATE KEY")
}

fn kind_of(der: &[u8]) -> Option<KeyKind> {
    let others: [(KeyKind, &'static dyn VerificationAlgorithm); 4] = [
        (KeyKind::P256, &ECDSA_P256_SHA256_FIXED),
        (KeyKind::P384, &ECDSA_P384_SHA384_FIXED),
        (KeyKind::P521, &ECDSA_P521_SHA512_FIXED),
        (KeyKind::Ed25519, &ED25519),
    ];
    if is_rsa(der) {
        return Some(KeyKind::Rsa);
    }
    others
        .into_iter()
        .find(|(_, algorithm)| ParsedPublicKey::new(*algorithm, der).is_ok())
        .map(|(kind, _)| kind)
}

fn is_rsa(der: &[u8]) -> bool {
    RsaSubjectPublicKey::from_der(der).is_ok()
}

/// Refuses keys whose every signature the library would refuse.
fn check_rsa(der: &[u8]) -> Result<(), String> {
    // The identifier stands within the first bytes; the modulus follows.
    if der
        .windows(RSASSA_PSS.len())
        .take(16)
        .any(|part| part == RSASSA_PSS)
    {
        return Err(PSS_ALONE.to_owned());
    }
    let bits = RsaSubjectPublicKey::from_der(der)
        .ok()
        .and_then(|key| RsaParameters::public_modulus_len(key.as_ref()).ok())
        .ok_or(UNKNOWN)?;
    if RSA_BITS.contains(&bits) {
        return Ok(());
    }
    let (least, most) = (RSA_BITS.start(), RSA_BITS.end());
    Err(format!(
        "The RSA key has {bits} bits; from {least} to {most} are accepted."
    ))
}

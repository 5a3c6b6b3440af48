//! scrypt in the formats of Django, Werkzeug, passlib and libraries for Node.

use ::scrypt::{Params, scrypt};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use zeroize::Zeroizing;

use super::super::policy::Forms;
use super::{ImportedCost, MAX_MEMORY, Unusable, from_hex};

/// The maximum of N·r·p with the lowest [`ImportedCost`]. Django's hashes have this value.
const MAX_WORK: u64 = 16 * 1024 * 8 * 5;
/// The minimum length of a key. A shorter key would match too many passwords.
const MIN_KEY_BYTES: usize = 16;

#[derive(Debug)]
pub struct Scrypt {
    costs: Costs,
    salt: Vec<u8>,
    expected: Expected,
}

#[derive(Clone, Copy, Debug)]
struct Costs {
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Debug)]
enum Expected {
    Key(Vec<u8>),
    /// A key derived by Node or by better-auth. They use the same format but different costs, so both costs are tried.
    KeyOf {
        key: Vec<u8>,
        better_auth: Costs,
    },
    /// The HMAC of a message. The second half of the scrypt key is the HMAC key.
    Tag {
        message: Vec<u8>,
        tag: Vec<u8>,
    },
}

pub(super) fn parse(text: &str, max: ImportedCost) -> Result<Scrypt, Unusable> {
    let formats = [django, werkzeug, phc, hexadecimal, scrypt_kdf];
    formats.iter().find_map(|format| format(text)).ok_or(Unusable::Unknown)?.checked(max)
}

/// Django: `scrypt$16384$salt$8$5$base64`. The salt is text.
fn django(text: &str) -> Option<Scrypt> {
    let [name, n, salt, r, p, key] = text.split('$').collect::<Vec<_>>().try_into().ok()?;
    let key = BASE64_STANDARD.decode(key).ok().filter(|_| name == "scrypt")?;
    Some(Scrypt { costs: Costs::parse(n, r, p)?, salt: salt.into(), expected: Expected::Key(key) })
}

/// Werkzeug: `scrypt:32768:8:1$salt$hex`. The salt is text.
fn werkzeug(text: &str) -> Option<Scrypt> {
    let [method, salt, key] = text.split('$').collect::<Vec<_>>().try_into().ok()?;
    let [name, n, r, p] = method.split(':').collect::<Vec<_>>().try_into().ok()?;
    let key = from_hex(key).filter(|_| name == "scrypt")?;
    Some(Scrypt { costs: Costs::parse(n, r, p)?, salt: salt.into(), expected: Expected::Key(key) })
}

/// passlib and the PHC format: `$scrypt$ln=15,r=8,p=1$salt$key`, with the salt and the key in base64.
fn phc(text: &str) -> Option<Scrypt> {
    let [costs, salt, key] = text.strip_prefix("$scrypt$")?.split('$').collect::<Vec<_>>().try_into().ok()?;
    let [n, r, p] = costs.split(',').collect::<Vec<_>>().try_into().ok()?;
    let exponent: u32 = n.strip_prefix("ln=")?.parse().ok()?;
    let n = 1_u64.checked_shl(exponent)?.to_string();
    let costs = Costs::parse(&n, r.strip_prefix("r=")?, p.strip_prefix("p=")?)?;
    let bytes = |text: &str| BASE64_STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok();
    Some(Scrypt { costs, salt: bytes(salt)?, expected: Expected::Key(bytes(key)?) })
}

/// Node's `scryptSync(password, salt, 64)`, and better-auth: the salt and the key in hexadecimal digits, separated by a
/// colon. The digits of the salt are used as text and are not decoded.
fn hexadecimal(text: &str) -> Option<Scrypt> {
    let (salt, key) = text.split_once(':')?;
    from_hex(salt).filter(|salt| salt.len() >= 8)?;
    let key = from_hex(key).filter(|key| key.len() == 64)?;
    let [node, better_auth] = [8, 16].map(|r| Costs { n: 16_384, r, p: 1 });
    Some(Scrypt { costs: node, salt: salt.into(), expected: Expected::KeyOf { key, better_auth } })
}

/// scrypt-kdf: a file header in the format of the `scrypt` program, in base64.
fn scrypt_kdf(text: &str) -> Option<Scrypt> {
    let bytes: [u8; 96] = BASE64_STANDARD.decode(text).ok()?.try_into().ok()?;
    let (message, tag) = bytes.split_at(64);
    let [b's', b'c', b'r', b'y', b'p', b't', 0, exponent, r1, r2, r3, r4, p1, p2, p3, p4, rest @ ..] = message else {
        return None;
    };
    let (r, p) = (u32::from_be_bytes([*r1, *r2, *r3, *r4]), u32::from_be_bytes([*p1, *p2, *p3, *p4]));
    let costs = Costs { n: 1_u64.checked_shl((*exponent).into())?, r, p };
    let expected = Expected::Tag { message: message.to_vec(), tag: tag.to_vec() };
    Some(Scrypt { costs, salt: rest[..32].to_vec(), expected })
}

impl Costs {
    fn parse(n: &str, r: &str, p: &str) -> Option<Self> {
        Some(Self { n: n.parse().ok()?, r: r.parse().ok()?, p: p.parse().ok()? })
    }

    fn params(self) -> Option<Params> {
        let exponent = u8::try_from(self.n.trailing_zeros()).ok()?;
        Params::new(exponent, self.r, self.p).ok().filter(|_| self.n.is_power_of_two() && self.n > 1)
    }
}

impl Scrypt {
    fn checked(self, max: ImportedCost) -> Result<Self, Unusable> {
        let Costs { n, r, p } = self.costs;
        let is_long = match &self.expected {
            Expected::Key(key) | Expected::KeyOf { key, .. } => key.len() >= MIN_KEY_BYTES && key.len() <= 64,
            Expected::Tag { .. } => true,
        };
        if !is_long || !n.is_power_of_two() || n < 2 || r == 0 || p == 0 {
            return Err(Unusable::Unknown);
        }
        // `N·r` is the memory in units of 128 bytes.
        let fits = |blocks: &u64| *blocks <= u64::from(MAX_MEMORY) * 1024 / 128;
        let work = n.checked_mul(r.into()).filter(fits).and_then(|blocks| blocks.checked_mul(p.into()));
        let max_work = MAX_WORK * u64::from(max.factor());
        if work.is_some_and(|work| work <= max_work) { Ok(self) } else { Err(Unusable::TooCostly) }
    }

    pub(super) fn matches(&self, forms: &Forms) -> bool {
        match &self.expected {
            Expected::Key(key) => self.has_key(self.costs, forms.typed(), key),
            Expected::KeyOf { key, better_auth } => {
                let normalised = forms.normalised().unwrap_or_default();
                self.has_key(self.costs, forms.typed(), key) || self.has_key(*better_auth, normalised, key)
            }
            Expected::Tag { message, tag } => self
                .key(self.costs, forms.typed(), 64)
                .is_some_and(|key| hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &key[32..]), message, tag).is_ok()),
        }
    }

    fn has_key(&self, costs: Costs, password: &[u8], expected: &[u8]) -> bool {
        let key = self.key(costs, password, expected.len());
        key.is_some_and(|key| verify_slices_are_equal(&key, expected).is_ok())
    }

    fn key(&self, costs: Costs, password: &[u8], length: usize) -> Option<Zeroizing<Vec<u8>>> {
        let mut key = Zeroizing::new(vec![0; length]);
        scrypt(password, &self.salt, &costs.params()?, &mut key).ok()?;
        Some(key)
    }
}

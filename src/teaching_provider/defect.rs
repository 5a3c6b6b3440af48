//! What the student can break on purpose, and how the service should respond.

/// A defect of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    None,
    OtherState,
    OtherNonce,
    OtherChallenge,
    OtherIssuer,
    OtherAudience,
    Expired,
    OtherKey,
    NoSignature,
}

/// How the form and the pages describe a defect.
pub(super) struct Description {
    pub(super) defect: Defect,
    /// The value of the form field.
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) text: &'static str,
    /// The response that the service should give.
    pub(super) expected: &'static str,
}

const FLOW_INVALID: &str = "The service responds with 400 flow_invalid.";
const EXCHANGE_FAILED: &str = "The service responds with 502 provider_failed: exchanging the code failed.";
const ID_TOKEN_REFUSED: &str = "The service responds with 502 provider_failed: checking the ID token failed.";

/// All defects, in the order of the form.
pub(super) const DESCRIPTIONS: [Description; 9] = [
    Description {
        defect: Defect::None,
        name: "nothing",
        label: "Nothing",
        text: "The provider follows the protocol.",
        expected: "The service signs you in.",
    },
    Description {
        defect: Defect::OtherState,
        name: "state",
        label: "Another state",
        text: "The response has another state, as if another browser had started the sign-in.",
        expected: FLOW_INVALID,
    },
    Description {
        defect: Defect::OtherIssuer,
        name: "iss",
        label: "Another iss parameter (mix-up)",
        text: "The response names another provider, as if that provider had sent it.",
        expected: FLOW_INVALID,
    },
    Description {
        defect: Defect::OtherChallenge,
        name: "code-challenge",
        label: "Another code challenge (PKCE)",
        text: "The provider stores another challenge with the code, as if the code belonged to another sign-in. \
               The token endpoint then refuses the code verifier.",
        expected: EXCHANGE_FAILED,
    },
    Description {
        defect: Defect::OtherNonce,
        name: "nonce",
        label: "Another nonce",
        text: "The ID token has another nonce, as if it belonged to another sign-in.",
        expected: ID_TOKEN_REFUSED,
    },
    Description {
        defect: Defect::OtherAudience,
        name: "audience",
        label: "Another audience",
        text: "The provider issues the ID token for another service.",
        expected: ID_TOKEN_REFUSED,
    },
    Description {
        defect: Defect::Expired,
        name: "expired",
        label: "An expired ID token",
        text: "The times in the ID token are an hour old.",
        expected: ID_TOKEN_REFUSED,
    },
    Description {
        defect: Defect::OtherKey,
        name: "signature",
        label: "A signature of another key",
        text: "The provider signs the ID token with a key that it does not publish.",
        expected: ID_TOKEN_REFUSED,
    },
    Description {
        defect: Defect::NoSignature,
        name: "alg-none",
        label: "No signature (alg: none)",
        text: "The header of the ID token says that the token has no signature.",
        expected: ID_TOKEN_REFUSED,
    },
];

impl Defect {
    pub(super) fn by_name(name: &str) -> Option<Self> {
        DESCRIPTIONS.iter().find(|description| description.name == name).map(|description| description.defect)
    }

    pub(super) fn description(self) -> &'static Description {
        let description = DESCRIPTIONS.iter().find(|description| description.defect == self);
        description.expect("each defect has a description")
    }
}

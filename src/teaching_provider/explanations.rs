//! What the pages say about each parameter and each claim.

pub(super) type Explanations<const N: usize> = [(&'static str, &'static str); N];

/// The parameters of an authorization request.
pub(super) const REQUEST: Explanations<10> = [
    ("response_type", "\"code\" selects the authorization code flow: the browser carries a code, but no token."),
    ("client_id", "The service's name at this provider. It is public."),
    ("redirect_uri", "Where the provider sends the browser back. It must equal the registered address exactly."),
    ("scope", "What the service asks for: \"openid\" an ID token, \"profile\" the name, \"email\" the e-mail address."),
    ("state", "A random value. The response must return it. The service compares it with a cookie of this browser."),
    ("nonce", "A random value. The ID token must contain it, so the service refuses the ID token of another sign-in."),
    (
        "code_challenge",
        "The SHA-256 hash of a random secret (PKCE). The service sends the secret, the code verifier, with the code.",
    ),
    ("code_challenge_method", "\"S256\" is SHA-256. This provider refuses the method \"plain\"."),
    (
        "max_age",
        "The maximum age of the person's sign-in at the provider, in seconds. \"0\" asks for a new sign-in now.",
    ),
    (
        "prompt",
        "Whether the provider must or must not show a page. \"none\" forbids it, so this provider refuses \"none\".",
    ),
];

/// The parameters of an authorization response.
pub(super) const RESPONSE: Explanations<5> = [
    ("code", "It works once, for 60 seconds, and only with the client secret and the code verifier."),
    ("state", "Must equal the state in the cookie of this browser. Otherwise, another browser started the sign-in."),
    ("iss", "Must be the provider to which the service sent the browser (RFC 9207)."),
    ("error", "Why there is no code. \"access_denied\" means that the person refused."),
    ("error_description", "The same in words, for developers."),
];

/// The parameters of a token request.
pub(super) const TOKEN_REQUEST: Explanations<6> = [
    ("grant_type", "\"authorization_code\": the service exchanges a code."),
    ("code", "The code of step 2."),
    ("redirect_uri", "Must be the address of step 1."),
    (
        "code_verifier",
        "The secret behind the code challenge of step 1. It proves that the service of step 1 sends this request.",
    ),
    ("client_id", "The service's name at this provider."),
    ("client_secret", "The service's password at this provider."),
];

/// The members of an ID token's header.
pub(super) const TOKEN_HEADER: Explanations<3> = [
    ("alg", "The algorithm of the signature. It must be in the service's list, which never contains \"none\"."),
    ("kid", "The id of the key. The service finds the public key in the provider's /jwks, and verifies the signature."),
    ("typ", "The type of the token."),
];

/// The claims of an ID token.
pub(super) const CLAIMS: Explanations<11> = [
    ("iss", "Must be the issuer in the service's settings, exactly."),
    ("sub", "The person's id at this provider. The service finds the account by iss and sub, and by nothing else."),
    ("aud", "Must be the service's client id. Otherwise, the token is for another service."),
    ("exp", "Must be in the future."),
    ("iat", "When the provider issued the token."),
    ("auth_time", "When the person signed in at the provider. The service needs it if the request had max_age."),
    ("nonce", "Must be the nonce of step 1."),
    ("sid", "The id of the session at the provider. With it, a provider can end the session at the service later."),
    ("preferred_username", "A suggestion. It can change, and other people can choose the same."),
    ("email", "The service must not trust the address unless email_verified is true."),
    ("email_verified", "Whether the provider knows that the address belongs to the person."),
];

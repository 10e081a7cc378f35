//! Every wrong setting is one line that names the setting and says how to mend it.

use std::collections::HashMap;

use convene::config::{AtsMode, Config, Problem, Reader, SignUp};
use convene::store::words::Provider;

const KEY: &str = "8f1d6c0b9e2a47735d18c4be60fa92d7013f5a86c97be42d30a1598e7f6c2b44";
const OTHER_KEY: &str = "2b7e91c40f6a83d5e81c3749a05fd26b9c48e7130d5ab6f294837ec15a60db98";

const ICIMS: &str = "https://api.icims.com/customers/1234";

const fn icims(base: &'static str) -> [(&'static str, &'static str); 3] {
    [("ATS_MODE", "icims"), ("ICIMS_BASE_URL", base), ("ICIMS_API_KEY", "k")]
}

/// Settings that are all right.
fn good() -> HashMap<&'static str, &'static str> {
    HashMap::from([
        ("BASE_URL", "https://interviews.example.com"),
        ("GOOGLE_CLIENT_ID", "client"),
        ("GOOGLE_CLIENT_SECRET", "hush"),
        ("TOKEN_ENCRYPTION_KEY", KEY),
        ("SMTP_URL", "smtps://me:secret@mail.example.com"),
        ("MAIL_FROM", "Interviews <interviews@example.com>"),
    ])
}

/// Reads the good settings with some replaced; an empty value is as good as none.
fn read(changes: &[(&'static str, &'static str)]) -> Result<Config, Vec<Problem>> {
    let mut settings = good();
    settings.extend(changes.iter().copied());
    let mut reader = Reader::new(|name| settings.get(name).map(|value| (*value).to_owned()));
    Config::read(&mut reader).ok_or_else(|| reader.into_problems())
}

fn problems(changes: &[(&'static str, &'static str)]) -> Vec<Problem> {
    read(changes).err().unwrap_or_default()
}

#[test]
fn a_wrong_setting_is_one_line_with_its_name_and_what_to_do() {
    type Case = (&'static [(&'static str, &'static str)], &'static str, &'static str);
    let cases: [Case; 43] = [
        (&[("DATABASE_URL", "mysql://root@db/convene")], "DATABASE_URL", "postgres://"),
        (&[("DATABASE_URL", "convene.db")], "DATABASE_URL", "sqlite://"),
        (&[("BASE_URL", "interviews.example.com")], "BASE_URL", "https://"),
        (&[("BASE_URL", "http://interviews.example.com")], "BASE_URL", "must use https"),
        (&[("BASE_URL", "https://example.com/interviews")], "BASE_URL", "without a path"),
        (&[("BASE_URL", "https://me:pw@example.com")], "BASE_URL", "user name or password"),
        (&[("BASE_URL", "ftp://example.com")], "BASE_URL", "https://"),
        (&[("LISTEN", "3000")], "LISTEN", "127.0.0.1:3000"),
        (&[("LISTEN", "localhost:3000")], "LISTEN", "127.0.0.1:3000"),
        (&[("METRICS_LISTEN", "9464")], "METRICS_LISTEN", "127.0.0.1:9464"),
        (&[("METRICS_LISTEN", "127.0.0.1:3000")], "METRICS_LISTEN", "must not be what LISTEN is"),
        (&[("TRUSTED_PROXIES", "10.0.0.0/8, proxy.internal")], "TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7"),
        (&[("TRUSTED_PROXIES", "10.0.0.0/40")], "TRUSTED_PROXIES", "is not an address or network"),
        (&[("GOOGLE_CLIENT_SECRET", "")], "GOOGLE_CLIENT_SECRET", "set both or neither"),
        (&[("GOOGLE_CLIENT_ID", "")], "GOOGLE_CLIENT_ID", "set both or neither"),
        (&[("MICROSOFT_CLIENT_ID", "client")], "MICROSOFT_CLIENT_SECRET", "set both or neither"),
        (&[("GOOGLE_CLIENT_ID", ""), ("GOOGLE_CLIENT_SECRET", "")], "SIGN_IN_PROVIDERS", "set GOOGLE_CLIENT_ID"),
        (&[("MICROSOFT_TENANT_ID", "../common")], "MICROSOFT_TENANT_ID", "common, organizations, consumers"),
        (&[("GOOGLE_BASE_URL", "http://google.example.com")], "GOOGLE_BASE_URL", "leave it out"),
        (&[("SIGN_IN_PROVIDERS", "google,github")], "SIGN_IN_PROVIDERS", "use google, microsoft or both"),
        (&[("SIGN_IN_PROVIDERS", "microsoft")], "SIGN_IN_PROVIDERS", "MICROSOFT_CLIENT_ID"),
        (&[("TOKEN_ENCRYPTION_KEY", "")], "TOKEN_ENCRYPTION_KEY", "openssl rand -hex 32"),
        (&[("TOKEN_ENCRYPTION_KEY", "8f1d6c0b9e2a4773")], "TOKEN_ENCRYPTION_KEY", "openssl rand -hex 32"),
        (&[("TOKEN_ENCRYPTION_KEY", "correct horse battery staple")], "TOKEN_ENCRYPTION_KEY", "64 hexadecimal digits"),
        (
            &[("TOKEN_ENCRYPTION_KEY", "0000000000000000000000000000000000000000000000000000000000000000")],
            "TOKEN_ENCRYPTION_KEY",
            "openssl rand -hex 32",
        ),
        (
            &[("TOKEN_ENCRYPTION_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")],
            "TOKEN_ENCRYPTION_KEY",
            "openssl rand -hex 32",
        ),
        (
            &[("TOKEN_ENCRYPTION_KEY", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")],
            "TOKEN_ENCRYPTION_KEY",
            "openssl rand -hex 32",
        ),
        (&[("SMTP_URL", "")], "SMTP_URL", "smtps://"),
        (&[("SMTP_URL", "mail.example.com:465")], "SMTP_URL", "smtps://"),
        (&[("SMTP_URL", "smtps://")], "SMTP_URL", "host"),
        (&[("SMTP_URL", "smtp://mail.example.com?tls=none")], "SMTP_URL", "tls"),
        (&[("MAIL_FROM", "")], "MAIL_FROM", "interviews@example.com"),
        (&[("MAIL_FROM", "a@example.com, b@example.com")], "MAIL_FROM", "one address"),
        (&[("SIGNUP", "yes")], "SIGNUP", "open, invite, closed"),
        (&[("ATS_MODE", "greenhouse")], "ATS_MODE", "disabled, icims"),
        (&[("ATS_MODE", "icims"), ("ICIMS_API_KEY", "k")], "ICIMS_BASE_URL", "set ATS_MODE to disabled"),
        (&[("ATS_MODE", "icims"), ("ICIMS_BASE_URL", ICIMS)], "ICIMS_API_KEY", "set ATS_MODE to disabled"),
        (const { &icims("http://api.icims.com/customers/1234") }, "ICIMS_BASE_URL", "must use https"),
        (const { &icims("api.icims.com") }, "ICIMS_BASE_URL", "customers/1234"),
        (const { &icims("ftp://api.icims.com/") }, "ICIMS_BASE_URL", "must start with https://"),
        (const { &icims("https://me:pw@api.icims.com/") }, "ICIMS_BASE_URL", "user name or password"),
        (const { &icims("https://api.icims.com/?customer=1234") }, "ICIMS_BASE_URL", "must end with its path"),
        (
            &[("ATS_MODE", "icims"), ("ICIMS_BASE_URL", ICIMS), ("ICIMS_API_KEY", "two words")],
            "ICIMS_API_KEY",
            "key alone",
        ),
    ];
    for (changes, setting, mend) in cases {
        let found = problems(changes);
        assert_eq!(found.len(), 1, "{changes:?} should be one problem: {found:?}");
        let line = found[0].to_string();
        assert!(line.starts_with(&format!("{setting}: ")), "{changes:?}: {line}");
        assert!(line.contains(mend), "{changes:?} should say {mend:?}: {line}");
        assert!(!line.contains('\n'), "{changes:?}: more than one line: {line}");
    }
}

#[test]
fn all_wrong_settings_are_told_at_once() {
    let found = problems(&[("BASE_URL", "nowhere"), ("LISTEN", "x"), ("SIGNUP", "maybe"), ("MAIL_FROM", "me")]);
    let names: Vec<_> = found.iter().map(|problem| problem.setting).collect();
    assert_eq!(names, ["BASE_URL", "LISTEN", "MAIL_FROM", "SIGNUP"]);
}

#[test]
fn no_line_repeats_a_secret() {
    let secrets = [
        ("DATABASE_URL", "mysql://root:letmein-4711@db/convene"),
        ("TOKEN_ENCRYPTION_KEY", "letmein-4711"),
        ("SMTP_URL", "imap://me:letmein-4711@mail.example.com"),
        ("BASE_URL", "https://me:letmein-4711@example.com"),
    ];
    for (setting, value) in secrets {
        for problem in problems(&[(setting, value)]) {
            assert!(!problem.to_string().contains("letmein"), "{problem}");
        }
    }
}

#[test]
fn what_is_left_out_has_a_default() {
    let config = read(&[("BASE_URL", "")]).unwrap_or_else(|found| panic!("{found:?}"));
    assert_eq!(config.database.url.expose(), "sqlite://convene.db?mode=rwc");
    assert_eq!(config.web.origin(), "http://127.0.0.1:3000");
    assert_eq!(config.web.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(config.sign_up, SignUp::Open);
    assert!(matches!(config.ats, AtsMode::Disabled));
    assert_eq!(config.metrics.listen, None);
    assert_eq!(config.providers.sign_in, [Provider::Google]);
    assert!(config.providers.microsoft.is_none());
    assert!(!config.demo);
}

#[test]
fn everything_can_be_set() {
    let rotated = format!("{OTHER_KEY},{KEY}").leak();
    let config = read(&[
        ("DATABASE_URL", "postgres://convene:pw@db/convene"),
        ("LISTEN", "[::]:8080"),
        ("METRICS_LISTEN", "[::1]:9464"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::/32"),
        ("MICROSOFT_CLIENT_ID", "client"),
        ("MICROSOFT_CLIENT_SECRET", "hush"),
        ("MICROSOFT_TENANT_ID", "9ABE2C51-7d0e-4f7a-9c55-0d4c1a3b2e10"),
        ("MICROSOFT_BASE_URL", "http://localhost:3902/"),
        ("SIGN_IN_PROVIDERS", "outlook, google"),
        ("TOKEN_ENCRYPTION_KEY", rotated),
        ("SIGNUP", "invite"),
        ("ATS_MODE", "icims"),
        ("ICIMS_BASE_URL", "http://127.0.0.1:3906/customers/1234"),
        ("ICIMS_API_KEY", "letmein-4711"),
    ])
    .unwrap_or_else(|found| panic!("{found:?}"));
    assert_eq!(config.providers.sign_in, [Provider::Microsoft, Provider::Google]);
    let tenant = config.providers.microsoft.as_ref().map(|microsoft| microsoft.tenant.to_string());
    assert_eq!(tenant.as_deref(), Some("9abe2c51-7d0e-4f7a-9c55-0d4c1a3b2e10"));
    assert_eq!(config.providers.authorization_origins(), ["https://accounts.google.com", "http://localhost:3902"]);
    assert_eq!(config.keys.ids().count(), 2);
    assert_eq!(config.web.trusted_proxies.len(), 2);
    assert_eq!(config.sign_up, SignUp::Invite);
    let AtsMode::Icims(icims) = &config.ats else { panic!("iCIMS was set") };
    assert_eq!(icims.base_url.as_str(), "http://127.0.0.1:3906/customers/1234/");
    assert_eq!(icims.api_key.expose(), "letmein-4711");
}

#[test]
fn a_loopback_address_goes_by_all_its_names() {
    let config = read(&[("BASE_URL", "http://localhost:3000")]).unwrap_or_else(|found| panic!("{found:?}"));
    for host in ["localhost:3000", "127.0.0.1:3000", "[::1]:3000"] {
        assert!(config.web.hosts().iter().any(|own| own == host), "{host}");
    }
    let public = read(&[]).unwrap_or_else(|found| panic!("{found:?}"));
    assert_eq!(public.web.hosts(), ["interviews.example.com", "interviews.example.com:443"]);
}

/// `.env.example` names every setting that is read, and nothing else.
#[test]
fn the_example_documents_every_setting() {
    let mut reader = Reader::new(|_| None);
    Config::read(&mut reader);
    let mut read: Vec<_> = reader.sights().iter().map(|sight| sight.setting).collect();
    read.extend(["LEPTOS_SITE_ROOT", "RUST_LOG"]);
    let example = include_str!("../.env.example");
    let documented = example.lines().filter_map(|line| {
        let (name, _) = line.trim_start_matches("# ").split_once('=')?;
        name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_').then_some(name)
    });
    let mut documented: Vec<_> = documented.collect();
    read.sort_unstable();
    documented.sort_unstable();
    assert_eq!(documented, read);
}

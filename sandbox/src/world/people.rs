//! The people a fresh world starts with, and the organisations they belong to.

use chrono_tz::Tz;

use super::{AccountKind, Provider};

/// The tenant of every work account at Microsoft.
pub const TENANT: &str = "6babcaad-604b-40ac-a9d7-9fd97c0b779f";
/// The domain of that tenant, by which it is known too.
pub const TENANT_DOMAIN: &str = "example.org";
/// The domain of every work account at Google.
pub const WORKSPACE: &str = "example.com";
/// The tenant of every personal Microsoft account (a fixed value of the real service).
pub const PERSONAL_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// A person a fresh world starts with.
pub struct Person {
    pub provider: Provider,
    pub kind: AccountKind,
    pub email: &'static str,
    pub given: &'static str,
    pub family: &'static str,
    pub zone: Tz,
    pub subject: &'static str,
    pub job: &'static str,
    /// Minutes of the day mostly left open, so that a panel across zones finds common times.
    pub quiet: (u32, u32),
    /// What fills the free part of the day: title and minutes.
    pub work: &'static [(&'static str, u32)],
}

/// The app-specific password each Apple account starts with.
pub const APP_PASSWORDS: [(&str, &str); 2] =
    [("mei.tanaka@icloud.example", "kumo-asag-irih-oshi"), ("noah.keller@icloud.example", "berg-seew-iese-bach")];

/// Who may allow things for a whole organisation, one at each provider.
pub const ADMINISTRATORS: [&str; 2] = ["tom.baker@example.com", "nora.weiss@example.org"];

const GOOGLE: Provider = Provider::Google;
const MICROSOFT: Provider = Provider::Microsoft;
const APPLE: Provider = Provider::Apple;

/// Everybody, in the order the front page lists them.
pub const PEOPLE: [Person; 13] = [
    Person {
        provider: GOOGLE,
        kind: AccountKind::Work,
        email: "ana.alvarez@example.com",
        given: "Ana",
        family: "Alvarez",
        zone: Tz::America__New_York,
        subject: "104821937465019283746",
        job: "Recruiting coordinator",
        quiet: (14 * 60, 15 * 60),
        work: &[
            ("Screening call", 30),
            ("Debrief", 45),
            ("Offer review", 30),
            ("Sourcing", 90),
            ("Hiring manager sync", 30),
        ],
    },
    Person {
        provider: GOOGLE,
        kind: AccountKind::Work,
        email: "ben.okafor@example.com",
        given: "Ben",
        family: "Okafor",
        zone: Tz::Europe__Berlin,
        subject: "110293847561029384756",
        job: "Staff engineer",
        quiet: (10 * 60, 11 * 60 + 30),
        work: &[
            ("Design review", 60),
            ("Focus: storage", 120),
            ("Code review", 45),
            ("Incident follow-up", 30),
            ("Pairing", 60),
        ],
    },
    Person {
        provider: GOOGLE,
        kind: AccountKind::Work,
        email: "eva.lindqvist@example.com",
        given: "Eva",
        family: "Lindqvist",
        zone: Tz::Europe__Berlin,
        subject: "117382910465738291045",
        job: "Product designer",
        quiet: (10 * 60, 11 * 60),
        work: &[
            ("User interviews", 60),
            ("Focus: prototypes", 90),
            ("Critique", 45),
            ("Research notes", 60),
            ("Copy check", 30),
        ],
    },
    Person {
        provider: GOOGLE,
        kind: AccountKind::Work,
        email: "tom.baker@example.com",
        given: "Tom",
        family: "Baker",
        zone: Tz::America__New_York,
        subject: "101928374650192837465",
        job: "Engineering manager",
        quiet: (10 * 60, 11 * 60),
        work: &[
            ("1:1", 30),
            ("Roadmap", 60),
            ("Budget", 45),
            ("Focus: reviews", 90),
            ("Vendor call", 30),
            ("1:1 (new joiner)", 30),
        ],
    },
    Person {
        provider: MICROSOFT,
        kind: AccountKind::Work,
        email: "chloe.dubois@example.org",
        given: "Chloe",
        family: "Dubois",
        zone: Tz::Europe__Berlin,
        subject: "4a1f0e8c-53d2-4d6b-9f0e-7b1c2d3e4f50",
        job: "Talent partner",
        quiet: (10 * 60, 11 * 60),
        work: &[
            ("Candidate call", 30),
            ("Interview debrief", 45),
            ("Reporting", 60),
            ("Partner agency", 30),
            ("Focus: pipeline", 90),
        ],
    },
    Person {
        provider: MICROSOFT,
        kind: AccountKind::Work,
        email: "raj.patel@example.org",
        given: "Raj",
        family: "Patel",
        zone: Tz::Asia__Kolkata,
        subject: "8c2d4b6a-1e3f-4a5b-8c7d-9e0f1a2b3c4d",
        job: "Senior engineer",
        quiet: (13 * 60 + 30, 16 * 60),
        work: &[
            ("Sprint work", 90),
            ("Code review", 45),
            ("Customer call", 30),
            ("Architecture forum", 60),
            ("Release check", 30),
        ],
    },
    Person {
        provider: MICROSOFT,
        kind: AccountKind::Personal,
        email: "mia.rossi@outlook.example",
        given: "Mia",
        family: "Rossi",
        zone: Tz::Australia__Lord_Howe,
        subject: "00000000-0000-0000-5d3a-9b7c1e2f4a68",
        job: "Independent consultant",
        quiet: (15 * 60, 16 * 60),
        work: &[("Client workshop", 120), ("Client call", 30), ("Accounts", 60), ("Writing", 90), ("Proposal", 45)],
    },
    Person {
        provider: MICROSOFT,
        kind: AccountKind::Work,
        email: "nora.weiss@example.org",
        given: "Nora",
        family: "Weiss",
        zone: Tz::Europe__London,
        subject: "b7e5a9d4-2c61-4f38-8d07-1a4f6c9e2b53",
        job: "IT administrator",
        quiet: (10 * 60, 11 * 60),
        work: &[
            ("Access reviews", 60),
            ("Rollout call", 30),
            ("Focus: migration", 90),
            ("Vendor meeting", 45),
            ("Office hours", 60),
        ],
    },
    Person {
        provider: GOOGLE,
        kind: AccountKind::Personal,
        email: "leo.martin@gmail.example",
        given: "Leo",
        family: "Martin",
        zone: Tz::America__Chicago,
        subject: "113746592018374655902",
        job: "Freelance engineer",
        quiet: (10 * 60, 11 * 60),
        work: &[("Client work", 120), ("Client call", 30), ("Invoices", 45), ("Code review", 60), ("Open source", 90)],
    },
    Person {
        provider: GOOGLE,
        kind: AccountKind::Personal,
        email: "zoe.park@gmail.example",
        given: "Zoe",
        family: "Park",
        zone: Tz::America__Los_Angeles,
        subject: "108264719305582910477",
        job: "Founder",
        quiet: (9 * 60, 10 * 60),
        work: &[("Investor call", 30), ("Planning", 60), ("Hiring", 45), ("Customer visit", 90), ("Writing", 60)],
    },
    Person {
        provider: MICROSOFT,
        kind: AccountKind::Personal,
        email: "hugo.silva@outlook.example",
        given: "Hugo",
        family: "Silva",
        zone: Tz::America__Sao_Paulo,
        subject: "00000000-0000-0000-7c1f-2e4b6a8d9035",
        job: "Contract engineer",
        quiet: (11 * 60, 12 * 60),
        work: &[("Client work", 120), ("Stand-up", 30), ("Code review", 60), ("Research", 90), ("Billing", 45)],
    },
    Person {
        provider: APPLE,
        kind: AccountKind::Personal,
        email: "mei.tanaka@icloud.example",
        given: "Mei",
        family: "Tanaka",
        zone: Tz::Asia__Tokyo,
        subject: "1103847261",
        job: "Machine learning engineer",
        quiet: (16 * 60, 17 * 60),
        work: &[
            ("Model review", 60),
            ("Focus: training runs", 120),
            ("Pairing", 45),
            ("Reading group", 30),
            ("Data call", 60),
        ],
    },
    Person {
        provider: APPLE,
        kind: AccountKind::Personal,
        email: "noah.keller@icloud.example",
        given: "Noah",
        family: "Keller",
        zone: Tz::Europe__Zurich,
        subject: "1187450932",
        job: "Recruiting coordinator",
        quiet: (10 * 60, 11 * 60),
        work: &[("Candidate call", 30), ("Debrief", 45), ("Sourcing", 90), ("Agency sync", 30), ("Offer review", 60)],
    },
];

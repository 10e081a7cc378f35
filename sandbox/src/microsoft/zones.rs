//! Time zones the way Outlook names them: Windows names ("W. Europe Standard Time") beside IANA ones.
//! What a body may say about times is in `draft`.
//!
//! A Windows name stands for one IANA zone (CLDR calls it territory 001). Only the names of zones people in this
//! sandbox can plausibly have are listed; an unlisted name is refused as Graph refuses an unknown one.

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;

use crate::world::event::instant;

/// Windows name, then the IANA zone it stands for. Facts of CLDR's windowsZones.
const WINDOWS: &[(&str, Tz)] = &[
    ("UTC", Tz::UTC),
    ("Greenwich Standard Time", Tz::Atlantic__Reykjavik),
    ("GMT Standard Time", Tz::Europe__London),
    ("W. Europe Standard Time", Tz::Europe__Berlin),
    ("Romance Standard Time", Tz::Europe__Paris),
    ("Central Europe Standard Time", Tz::Europe__Budapest),
    ("Central European Standard Time", Tz::Europe__Warsaw),
    ("GTB Standard Time", Tz::Europe__Bucharest),
    ("FLE Standard Time", Tz::Europe__Kiev),
    ("E. Europe Standard Time", Tz::Europe__Chisinau),
    ("Turkey Standard Time", Tz::Europe__Istanbul),
    ("Russian Standard Time", Tz::Europe__Moscow),
    ("Morocco Standard Time", Tz::Africa__Casablanca),
    ("W. Central Africa Standard Time", Tz::Africa__Lagos),
    ("South Africa Standard Time", Tz::Africa__Johannesburg),
    ("E. Africa Standard Time", Tz::Africa__Nairobi),
    ("Egypt Standard Time", Tz::Africa__Cairo),
    ("Israel Standard Time", Tz::Asia__Jerusalem),
    ("Arab Standard Time", Tz::Asia__Riyadh),
    ("Arabian Standard Time", Tz::Asia__Dubai),
    ("Iran Standard Time", Tz::Asia__Tehran),
    ("Pakistan Standard Time", Tz::Asia__Karachi),
    ("India Standard Time", Tz::Asia__Kolkata),
    ("Nepal Standard Time", Tz::Asia__Kathmandu),
    ("Bangladesh Standard Time", Tz::Asia__Dhaka),
    ("SE Asia Standard Time", Tz::Asia__Bangkok),
    ("China Standard Time", Tz::Asia__Shanghai),
    ("Singapore Standard Time", Tz::Asia__Singapore),
    ("Taipei Standard Time", Tz::Asia__Taipei),
    ("Tokyo Standard Time", Tz::Asia__Tokyo),
    ("Korea Standard Time", Tz::Asia__Seoul),
    ("W. Australia Standard Time", Tz::Australia__Perth),
    ("AUS Central Standard Time", Tz::Australia__Darwin),
    ("Cen. Australia Standard Time", Tz::Australia__Adelaide),
    ("E. Australia Standard Time", Tz::Australia__Brisbane),
    ("AUS Eastern Standard Time", Tz::Australia__Sydney),
    ("Lord Howe Standard Time", Tz::Australia__Lord_Howe),
    ("Tasmania Standard Time", Tz::Australia__Hobart),
    ("New Zealand Standard Time", Tz::Pacific__Auckland),
    ("Chatham Islands Standard Time", Tz::Pacific__Chatham),
    ("Samoa Standard Time", Tz::Pacific__Apia),
    ("Line Islands Standard Time", Tz::Pacific__Kiritimati),
    ("Hawaiian Standard Time", Tz::Pacific__Honolulu),
    ("Alaskan Standard Time", Tz::America__Anchorage),
    ("Pacific Standard Time", Tz::America__Los_Angeles),
    ("US Mountain Standard Time", Tz::America__Phoenix),
    ("Mountain Standard Time", Tz::America__Denver),
    ("Central Standard Time", Tz::America__Chicago),
    ("Canada Central Standard Time", Tz::America__Regina),
    ("Central Standard Time (Mexico)", Tz::America__Mexico_City),
    ("Eastern Standard Time", Tz::America__New_York),
    ("US Eastern Standard Time", Tz::America__Indiana__Indianapolis),
    ("SA Pacific Standard Time", Tz::America__Bogota),
    ("Atlantic Standard Time", Tz::America__Halifax),
    ("Newfoundland Standard Time", Tz::America__St_Johns),
    ("Pacific SA Standard Time", Tz::America__Santiago),
    ("Argentina Standard Time", Tz::America__Argentina__Buenos_Aires),
    ("E. South America Standard Time", Tz::America__Sao_Paulo),
    ("Azores Standard Time", Tz::Atlantic__Azores),
    ("Cape Verde Standard Time", Tz::Atlantic__Cape_Verde),
];

/// A zone under the name it was asked for, so that an answer can repeat that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    pub name: String,
    pub tz: Tz,
}

impl Zone {
    /// What Graph answers in unless asked otherwise.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), tz: Tz::UTC }
    }

    /// Reads a Windows or an IANA name; the Windows one in any case.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some((windows, tz)) = WINDOWS.iter().find(|(windows, _)| windows.eq_ignore_ascii_case(name)) {
            return Some(Self { name: (*windows).to_owned(), tz: *tz });
        }
        name.parse::<Tz>().ok().map(|tz| Self { name: tz.name().to_owned(), tz })
    }

    /// A mailbox tells its own zone by the Windows name where there is one.
    pub fn of_mailbox(iana: Tz) -> Self {
        let windows = WINDOWS.iter().find(|(_, tz)| *tz == iana).map(|(name, _)| (*name).to_owned());
        Self { name: windows.unwrap_or_else(|| iana.name().to_owned()), tz: iana }
    }

    /// The instant a wall clock of this zone shows `local`.
    pub fn instant(&self, local: NaiveDateTime) -> DateTime<Utc> {
        instant(local, self.tz)
    }

    /// What a wall clock of this zone shows.
    pub fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        at.with_timezone(&self.tz).naive_local()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_and_iana_names_mean_the_same_zone() {
        let windows = Zone::parse("w. europe standard time").unwrap();
        assert_eq!((windows.name.as_str(), windows.tz), ("W. Europe Standard Time", Tz::Europe__Berlin));
        assert_eq!(Zone::parse("Asia/Kolkata").unwrap().tz, Tz::Asia__Kolkata);
        assert_eq!(Zone::parse("Moon Standard Time"), None);
    }
}

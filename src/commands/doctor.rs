//! `convene doctor`: prints a line per finding; the exit code is 1 if any of them is a failure.

use convene::{config::Reader, doctor::examine, web::site::Site};

use super::Failure;

pub async fn run() -> Result<(), Failure> {
    let mut reader = Reader::from_env()?;
    let findings = examine(&mut reader, &Site::find()).await;
    for finding in &findings {
        println!("{finding}");
    }
    match findings.iter().filter(|finding| finding.is_wrong()).count() {
        0 => Ok(()),
        1 => Err(Failure { message: "1 thing to mend.".to_owned(), code: 1 }),
        count => Err(Failure { message: format!("{count} things to mend."), code: 1 }),
    }
}

//! `convene slots`: reads a QUERY document, prints its ANSWER. Needs no settings and no database.

use std::{
    io::{self, Read, Write},
    path::Path,
};

use convene::scheduling::query::answer_json;

use super::Failure;

/// `query` is a file, or `-` for standard input.
pub fn run(query: &Path) -> Result<(), Failure> {
    let text = read(query).map_err(|error| wrong(format!("{}: {error}", query.display())))?;
    let answer = answer_json(&text).map_err(|error| wrong(error.to_string()))?;
    let mut out = io::stdout().lock();
    writeln!(out, "{answer}").and_then(|()| out.flush())?;
    Ok(())
}

fn read(query: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    if query == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(query)?;
    }
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "is not UTF-8"))
}

/// Exit code 2 says that the question was wrong, not the program.
fn wrong(message: String) -> Failure {
    Failure { message, code: 2 }
}

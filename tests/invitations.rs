//! Invitations: who is asked, what a link may do and what it never may, times given by hand, and what follows for requests.

mod accepting;
mod asking;
mod belonging;
mod giving;
mod pages;

//! Since when and from where each connection is lent, for the messages that have to explain an exhausted pool.
//!
//! Reading the clock takes as long as all else that lending an idle connection takes, so whoever finds all connections
//! at home does not look at it, nor who hands a connection over to the next: the time is noted when the next user comes.
//! In a pool that runs dry, that is soon.

use std::fmt::{self, Write as _};
use std::panic::Location;
use std::sync::Arc;
use std::time::Instant;

use super::trace::Trace;

/// Names one checkout while it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket(u32);

/// Where in the program a connection is asked for.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) location: &'static Location<'static>,
    /// The calls that led there, where they are wanted.
    pub(super) trace: Option<Arc<Trace>>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.location)?;
        self.trace.as_ref().map_or(Ok(()), |trace| write!(f, "{trace}"))
    }
}

/// A row of the table, used again and again: it is written field by field, which is quicker than as a whole.
struct Checkout {
    is_out: bool,
    /// Whether it has been given back, and is cleaned up.
    is_going_back: bool,
    /// `None` if nobody has come since.
    since: Option<Instant>,
    place: Place,
}

impl fmt::Display for Checkout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        f.write_str(if self.is_going_back { ", given back and being cleaned up" } else { "" })
    }
}

/// The checkouts of a pool.
#[derive(Default)]
pub(super) struct Checkouts {
    entries: Vec<Checkout>,
    vacant: Vec<u32>,
    without_time: Vec<Ticket>,
}

impl Checkouts {
    #[inline]
    pub(super) fn insert(&mut self, place: Place) -> Ticket {
        let is_alone = self.vacant.len() == self.entries.len();
        let since = if is_alone { None } else { Some(Instant::now()) };
        self.note_time_as(since);
        let ticket = match self.vacant.pop() {
            Some(number) => {
                let checkout = &mut self.entries[number as usize];
                checkout.is_out = true;
                checkout.is_going_back = false;
                checkout.since = since;
                checkout.place = place;
                Ticket(number)
            }
            None => self.grow(Checkout { is_out: true, is_going_back: false, since, place }),
        };
        if is_alone {
            self.without_time.push(ticket);
        }
        ticket
    }

    #[cold]
    fn grow(&mut self, checkout: Checkout) -> Ticket {
        self.entries.push(checkout);
        Ticket(self.entries.len() as u32 - 1)
    }

    #[inline]
    pub(super) fn remove(&mut self, ticket: Ticket) {
        self.entries[ticket.0 as usize].is_out = false;
        self.vacant.push(ticket.0);
    }

    /// Writes down that nobody has it any more, though it is not yet to be had.
    pub(super) fn goes_back(&mut self, ticket: Ticket) {
        self.entries[ticket.0 as usize].is_going_back = true;
    }

    /// Notes the time for those that have none.
    pub(super) fn note_time(&mut self, now: Instant) {
        self.note_time_as(Some(now));
    }

    #[inline]
    fn note_time_as(&mut self, now: Option<Instant>) {
        if now.is_none() {
            // It is alone: those that were before it are gone.
            self.without_time.clear();
        }
        for ticket in self.without_time.drain(..) {
            let checkout = &mut self.entries[ticket.0 as usize];
            checkout.since = checkout.since.or(now);
        }
    }

    /// Writes down that the connection has changed hands.
    pub(super) fn hand_over(&mut self, ticket: Ticket, place: Place) {
        self.entries[ticket.0 as usize] = Checkout { is_out: true, is_going_back: false, since: None, place };
        self.without_time.push(ticket);
    }

    fn all(&self) -> impl Iterator<Item = &Checkout> {
        self.entries.iter().filter(|checkout| checkout.is_out)
    }

    /// Lists the places that hold a connection.
    pub(super) fn places(&self) -> String {
        let places: Vec<_> = self.all().map(Checkout::to_string).collect();
        places.join(", ")
    }

    /// Says how many connections are out, and where the oldest three went.
    pub(super) fn describe(&self) -> String {
        let now = Instant::now();
        let age = |checkout: &Checkout| now.saturating_duration_since(checkout.since.unwrap_or(now));
        let mut all: Vec<&Checkout> = self.all().collect();
        all.sort_by_key(|checkout| std::cmp::Reverse(age(checkout)));
        let mut text = match all.len() {
            1 => "1 connection is checked out".to_owned(),
            count => format!("{count} connections are checked out"),
        };
        for (n, checkout) in all.iter().take(3).enumerate() {
            let lead = if n == 0 { "; the oldest for" } else { "," };
            _ = write!(text, "{lead} {:.2} s (at {})", age(checkout).as_secs_f64(), checkout);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_gets_its_time_from_the_second_and_the_count_is_right() {
        let here = || Place { location: Location::caller(), trace: None };
        let mut checkouts = Checkouts::default();
        let first = checkouts.insert(here());
        assert!(checkouts.entries[0].since.is_none());
        let second = checkouts.insert(here());
        assert!(checkouts.entries.iter().all(|entry| entry.since.is_some()));
        checkouts.remove(first);
        checkouts.remove(second);
        assert_eq!(checkouts.describe(), "0 connections are checked out");
        let third = checkouts.insert(here());
        assert!(checkouts.describe().starts_with("1 connection is checked out; the oldest for 0.00 s (at "));
        checkouts.hand_over(third, here());
        assert!(checkouts.all().all(|checkout| checkout.since.is_none()));
        checkouts.note_time(Instant::now());
        assert!(checkouts.all().all(|checkout| checkout.since.is_some()));
        checkouts.remove(third);
        assert_eq!(checkouts.entries.len(), 2);
    }
}

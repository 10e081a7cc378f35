//! Who sits where. A seat is everyone of a list or any `n` of a pool; nobody sits twice in one slot.
//!
//! Whether seats can be filled and by whom is decided here; who is free when comes in as rows of bits. Of those who
//! could, the least loaded sit, then who has the fewest that day, then by id. What a newcomer would get wrong: with
//! pools that share people, filling one seat after another can run dry although everyone has a place; then whoever is
//! preferred is seated first and others move over for them (augmenting paths; the outcome is the best possible set,
//! because the sets of people that can be seated together form a matroid).

use super::bits::Bits;
use std::collections::HashMap;

/// A requirement on who must be there. Lists name people by id; naming one twice counts once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seat {
    /// Everyone of the list.
    All(Vec<String>),
    /// Any `count` of the pool.
    Any {
        /// How many are needed.
        count: usize,
        /// Who may be picked.
        of: Vec<String>,
    },
}

impl Seat {
    /// The ids the seat names.
    pub fn members(&self) -> &[String] {
        match self {
            Self::All(members) | Self::Any { of: members, .. } => members,
        }
    }
}

/// A seat over people's numbers.
#[derive(Clone, Debug)]
struct Pool {
    need: usize,
    /// Rising, so by id.
    members: Vec<u32>,
}

/// How much somebody has done already.
#[derive(Clone, Debug, Default)]
pub(super) struct Load {
    /// All interviews counted.
    pub total: usize,
    /// Starts `from..to` lie on a local date with this many; sorted by start.
    pub daily: Vec<(u32, u32, u32)>,
}

impl Load {
    fn on_day_of(&self, start: u32) -> u32 {
        let after = self.daily.partition_point(|(from, ..)| *from <= start);
        match after.checked_sub(1).map(|at| self.daily[at]) {
            Some((_, to, count)) if start < to => count,
            _ => 0,
        }
    }
}

/// The seats of a query, ready to be filled start by start.
#[derive(Debug)]
pub(super) struct Seating<'a> {
    pools: Vec<Pool>,
    /// No person is in two pools, so each can be filled by itself.
    disjoint: bool,
    /// Some member has a load; without, the order is by id alone.
    loaded: bool,
    loads: &'a [Load],
}

impl<'a> Seating<'a> {
    /// `numbers` gives each id its number; `loads` is by number. An id without a number can never sit.
    pub fn new(seats: &[Seat], numbers: &HashMap<&str, u32>, loads: &'a [Load]) -> Self {
        let mut seen = vec![false; loads.len()];
        let (mut disjoint, mut loaded) = (true, false);
        let pools = seats
            .iter()
            .map(|seat| {
                let mut ids: Vec<&String> = seat.members().iter().collect();
                ids.sort_unstable();
                ids.dedup();
                let need = match seat {
                    Seat::All(_) => ids.len(),
                    Seat::Any { count, .. } => *count,
                };
                let mut members: Vec<u32> = ids.iter().filter_map(|id| numbers.get(id.as_str()).copied()).collect();
                members.sort_unstable();
                for &member in &members {
                    disjoint &= !std::mem::replace(&mut seen[member as usize], true);
                    loaded |= loads[member as usize].total > 0;
                }
                Pool { need, members }
            })
            .collect();
        Self { pools, disjoint, loaded, loads }
    }

    /// The numbers of everyone a seat names, rising.
    pub fn members(&self) -> Vec<u32> {
        let mut members: Vec<u32> = self.pools.iter().flat_map(|pool| pool.members.iter().copied()).collect();
        members.sort_unstable();
        members.dedup();
        members
    }

    /// The starts at which every seat can be filled. `free` has a row for each person, `len` starts long.
    pub fn fillable(&self, free: &[Bits], len: u32) -> Bits {
        let mut starts = Bits::all(len);
        for pool in &self.pools {
            let rows = pool.members.iter().map(|&member| &free[member as usize]);
            starts.keep(&Bits::at_least(pool.need, rows, len));
        }
        if !self.disjoint {
            let contested: Vec<u32> = starts.ones().collect();
            for start in contested {
                if self.fill(start, free).is_none() {
                    starts.clear(start, start + 1);
                }
            }
        }
        starts
    }

    /// Who sits at a start: seat by seat, by id within one. `None` if the seats cannot be filled.
    pub fn fill(&self, start: u32, free: &[Bits]) -> Option<Vec<u32>> {
        let mut seated = Vec::new();
        if self.disjoint {
            for pool in &self.pools {
                let from = seated.len();
                let available = pool.members.iter().copied().filter(|&member| free[member as usize].has(start));
                if self.loaded {
                    let mut available: Vec<u32> = available.collect();
                    available.sort_by_key(|&member| self.rank(member, start));
                    seated.extend(available.into_iter().take(pool.need));
                    seated[from..].sort_unstable();
                } else {
                    seated.extend(available.take(pool.need));
                }
                if seated.len() - from < pool.need {
                    return None;
                }
            }
            return Some(seated);
        }
        let mut everyone = self.members();
        everyone.retain(|&member| free[member as usize].has(start));
        everyone.sort_by_key(|&member| self.rank(member, start));
        let mut table = vec![Vec::new(); self.pools.len()];
        for person in everyone {
            self.seat(person, &mut table, &mut vec![false; self.pools.len()]);
        }
        for (pool, mut sitting) in self.pools.iter().zip(table) {
            if sitting.len() < pool.need {
                return None;
            }
            sitting.sort_unstable();
            seated.extend(sitting);
        }
        Some(seated)
    }

    /// Finds a place for `person`, asking those who sit to move over if need be. Each seat is tried once.
    fn seat(&self, person: u32, table: &mut [Vec<u32>], tried: &mut [bool]) -> bool {
        for at in 0..self.pools.len() {
            let pool = &self.pools[at];
            if tried[at] || pool.members.binary_search(&person).is_err() {
                continue;
            }
            tried[at] = true;
            if table[at].len() < pool.need {
                table[at].push(person);
                return true;
            }
            for place in 0..table[at].len() {
                if self.seat(table[at][place], table, tried) {
                    table[at][place] = person;
                    return true;
                }
            }
        }
        false
    }

    fn rank(&self, person: u32, start: u32) -> (usize, u32, u32) {
        let load = &self.loads[person as usize];
        (load.total, load.on_day_of(start), person)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seats over people `a`..`d`, all free at the one start there is, except `away`.
    fn filled(seats: &[Seat], away: &str, loads: &[usize]) -> Option<String> {
        let names = ["a", "b", "c", "d"];
        let numbers: HashMap<&str, u32> = names.into_iter().zip(0..).collect();
        let loads: Vec<Load> =
            (0..4).map(|at| Load { total: loads.get(at).copied().unwrap_or(0), daily: Vec::new() }).collect();
        let free: Vec<Bits> =
            names.iter().map(|name| if away.contains(name) { Bits::none(1) } else { Bits::all(1) }).collect();
        let seating = Seating::new(seats, &numbers, &loads);
        let filled = seating.fill(0, &free);
        assert_eq!(seating.fillable(&free, 1).has(0), filled.is_some(), "the mask and the names agree");
        filled.map(|people| people.iter().map(|&number| names[number as usize]).collect())
    }

    fn all(of: &[&str]) -> Seat {
        Seat::All(of.iter().map(|id| (*id).to_owned()).collect())
    }

    fn any(count: usize, of: &[&str]) -> Seat {
        Seat::Any { count, of: of.iter().map(|id| (*id).to_owned()).collect() }
    }

    #[test]
    fn seats_are_filled_by_load_then_id() {
        let pool = [any(2, &["c", "a", "b"]), all(&["d"])];
        let cases: [(&str, &[usize], Option<&str>); 5] = [
            ("", &[], Some("abd")),
            ("", &[5, 0, 1], Some("bcd")),
            ("a", &[], Some("bcd")),
            ("ab", &[], None),
            ("d", &[], None),
        ];
        for (away, loads, want) in cases {
            assert_eq!(filled(&pool, away, loads).as_deref(), want, "without {away:?}, loads {loads:?}");
        }
    }

    #[test]
    fn the_fewest_that_day_go_first_among_equal_loads() {
        let numbers = HashMap::from([("a", 0), ("b", 1)]);
        let loads = [Load { total: 2, daily: vec![(0, 4, 2)] }, Load { total: 2, daily: vec![(0, 4, 1), (8, 12, 1)] }];
        let seats = [any(1, &["a", "b"])];
        let seating = Seating::new(&seats, &numbers, &loads);
        let free = [Bits::all(12), Bits::all(12)];
        assert_eq!(seating.fill(3, &free), Some(vec![1]), "one that day against two");
        assert_eq!(seating.fill(4, &free), Some(vec![0]), "none each, so by id");
        assert_eq!(seating.fill(9, &free), Some(vec![0]), "none against one");
    }

    #[test]
    fn people_move_over_when_pools_share_them() {
        // a is needed by name, so the pool must do with b.
        assert_eq!(filled(&[any(1, &["a", "b"]), all(&["a"])], "", &[]).as_deref(), Some("ba"));
        // The chain is two long: c can only be first, so b moves to the second seat and a to the third.
        let chain = [any(1, &["a", "b", "c"]), any(1, &["b", "a"]), any(1, &["a"])];
        assert_eq!(filled(&chain, "", &[]).as_deref(), Some("cba"));
        assert_eq!(filled(&chain, "c", &[]), None);
        // Nobody sits twice.
        assert_eq!(filled(&[all(&["a"]), all(&["a"])], "", &[]), None);
        // The least loaded pair is b and d; b cannot be last, so d is.
        let shared = [any(1, &["a", "b"]), any(1, &["a", "b", "c", "d"])];
        assert_eq!(filled(&shared, "", &[9, 1, 8, 2]).as_deref(), Some("bd"));
    }

    #[test]
    fn somebody_nobody_knows_never_sits() {
        assert_eq!(filled(&[all(&["a", "zoe"])], "", &[]), None);
        assert_eq!(filled(&[any(1, &["zoe", "b"])], "", &[]).as_deref(), Some("b"));
        assert_eq!(filled(&[any(3, &["a", "b"])], "", &[]), None);
        assert_eq!(filled(&[all(&["a", "a"])], "", &[]).as_deref(), Some("a"), "named twice counts once");
    }
}

//! A row of bits, one per candidate start: how the engine holds "this person can start here".
//!
//! Ranges are filled a word at a time and rows combine 64 starts at once, so no start is ever looked at person by
//! person until somebody has to be named. What the starts are is known to [`super::grid`] alone.

/// Bits `0..len`; the unused tail of the last word stays zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
    len: u32,
}

const WORD: u32 = u64::BITS;

impl Bits {
    /// `len` bits, none set.
    pub fn none(len: u32) -> Self {
        Self { words: vec![0; len.div_ceil(WORD) as usize], len }
    }

    /// `len` bits, all set.
    pub fn all(len: u32) -> Self {
        let mut bits = Self::none(len);
        bits.set(0, len);
        bits
    }

    /// Sets `from..to`; ends beyond the row are cut, a backward range is nothing.
    pub fn set(&mut self, from: u32, to: u32) {
        self.masks(from, to, |word, mask| *word |= mask);
    }

    /// Clears `from..to`, as [`Bits::set`] sets it.
    pub fn clear(&mut self, from: u32, to: u32) {
        self.masks(from, to, |word, mask| *word &= !mask);
    }

    fn masks(&mut self, from: u32, to: u32, apply: impl Fn(&mut u64, u64)) {
        let to = to.min(self.len);
        if from >= to {
            return;
        }
        let (first, last) = ((from / WORD) as usize, ((to - 1) / WORD) as usize);
        let head = u64::MAX << (from % WORD);
        let tail = u64::MAX >> (WORD - 1 - (to - 1) % WORD);
        if first == last {
            apply(&mut self.words[first], head & tail);
            return;
        }
        apply(&mut self.words[first], head);
        self.words[first + 1..last].iter_mut().for_each(|word| apply(word, u64::MAX));
        apply(&mut self.words[last], tail);
    }

    /// Whether the bit is set.
    pub fn has(&self, index: u32) -> bool {
        self.words[(index / WORD) as usize] >> (index % WORD) & 1 == 1
    }

    /// Keeps what is also in `other`.
    pub fn keep(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(mine, theirs)| *mine &= theirs);
    }

    /// Takes out what is in `other`.
    pub fn remove(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(mine, theirs)| *mine &= !theirs);
    }

    /// Adds what is in `other`.
    pub fn add(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// How many are set.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The set bits, rising.
    pub fn ones(&self) -> impl Iterator<Item = u32> {
        self.words.iter().zip(0u32..).flat_map(|(&word, at)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros();
                    rest &= rest - 1;
                    at * WORD + bit
                })
            })
        })
    }

    /// The bits that at least `need` of the rows have.
    ///
    /// Counts 64 starts at once: plane `k` holds bit `k` of all 64 sums, and a row is added like a carry.
    pub fn at_least<'a>(need: usize, rows: impl Iterator<Item = &'a Self> + Clone, len: u32) -> Self {
        let members = rows.clone().count();
        if need == 0 {
            return Self::all(len);
        }
        let mut out = Self::none(len);
        if need > members {
            return out;
        }
        if need == 1 {
            rows.for_each(|row| out.add(row));
            return out;
        }
        if need == members {
            out = Self::all(len);
            rows.for_each(|row| out.keep(row));
            return out;
        }
        let planes = (usize::BITS - members.leading_zeros()) as usize;
        let mut sums = vec![0u64; planes];
        for (at, word) in out.words.iter_mut().enumerate() {
            sums.fill(0);
            for row in rows.clone() {
                let mut carry = row.words[at];
                for sum in &mut sums {
                    (*sum, carry) = (*sum ^ carry, *sum & carry);
                }
            }
            // Compare with `need`, from the highest plane down.
            let (mut above, mut equal) = (0u64, u64::MAX);
            for (plane, sum) in sums.iter().enumerate().rev() {
                if need >> plane & 1 == 1 {
                    equal &= sum;
                } else {
                    above |= equal & sum;
                    equal &= !sum;
                }
            }
            *word = above | equal;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Filling, clearing and listing agree with a plain list of booleans.
        #[test]
        fn ranges_are_what_a_plain_list_says(
            len in 1u32..200,
            ranges in prop::collection::vec((0u32..220, 0u32..220, any::<bool>()), 0..8),
        ) {
            let mut bits = Bits::none(len);
            let mut plain = vec![false; len as usize];
            for (from, to, on) in ranges {
                if on { bits.set(from, to) } else { bits.clear(from, to) }
                for index in from..to.min(len) {
                    plain[index as usize] = on;
                }
            }
            let want: Vec<u32> = (0..len).filter(|&index| plain[index as usize]).collect();
            prop_assert_eq!(bits.ones().collect::<Vec<_>>(), want.clone());
            prop_assert_eq!(bits.count(), want.len());
            prop_assert!((0..len).all(|index| bits.has(index) == plain[index as usize]));
        }

        /// Counting 64 at once gives what counting one by one gives.
        #[test]
        fn at_least_counts(rows in prop::collection::vec(prop::collection::vec(any::<bool>(), 70), 0..9), need in 0usize..10) {
            let packed: Vec<Bits> = rows
                .iter()
                .map(|row| {
                    let mut bits = Bits::none(70);
                    (0..70).filter(|&at| row[at as usize]).for_each(|at| bits.set(at, at + 1));
                    bits
                })
                .collect();
            let got: Vec<u32> = Bits::at_least(need, packed.iter(), 70).ones().collect();
            let want: Vec<u32> =
                (0..70).filter(|&at| rows.iter().filter(|row| row[at as usize]).count() >= need).collect();
            prop_assert_eq!(got, want);
        }
    }
}

//! The members of a relationship by what their owners are found by: one list for all of them, rather than one for each.

use std::collections::HashMap;
use std::hash::RandomState;

use crate::mapper::Lists;
use crate::session::Key;

/// Gathers members by the keys of their owners, in the order in which they come.
///
/// A database may hold texts equal that are not the same: `'ED'` refers to `'ed'` under the usual collations of MySQL. A row that
/// has come, and has the very key of none of the owners who were asked for, is of the one whose key is the same without regard
/// to case. Keys that differ by nothing else are asked for in statements of their own, so that each row tells whose it is.
#[derive(Default)]
pub(super) struct Groups {
    number_of: HashMap<Key, u32, foldhash::fast::RandomState>,
    /// The groups of texts, by what they have in common with those that are alike, and their turn among these.
    alike: HashMap<(u64, u32), u32, foldhash::fast::RandomState>,
    alike_state: RandomState,
    /// The turns of groups that are alike to one before them. All others are of the first turn.
    turns: HashMap<u32, u32, foldhash::fast::RandomState>,
    /// The turn that is asked for now.
    turn: u32,
    /// The key that was asked for last: the members of one owner often follow each other.
    last: Option<(Key, u32)>,
    /// Group and member.
    pairs: Vec<(u32, u32)>,
}

impl Groups {
    pub(super) fn with_capacity(count: usize) -> Self {
        let number_of = HashMap::with_capacity_and_hasher(count, Default::default());
        Groups { number_of, ..Groups::default() }
    }

    /// Returns the group of an owner's key, and whether it is a new one.
    pub(super) fn number(&mut self, key: &Key) -> (u32, bool) {
        let next = self.number_of.len() as u32;
        let number = *self.number_of.entry(key.clone()).or_insert(next);
        if number == next {
            self.note_alike(key, number);
        }
        (number, number == next)
    }

    /// Gives a new group its turn among those that are alike.
    fn note_alike(&mut self, key: &Key, number: u32) {
        let Some(hash) = key.alike_hash(&self.alike_state) else { return };
        let mut turn = 0;
        while self.alike.contains_key(&(hash, turn)) {
            turn += 1;
        }
        self.alike.insert((hash, turn), number);
        if turn > 0 {
            self.turns.insert(number, turn);
        }
    }

    fn turn_of(&self, group: u32) -> u32 {
        self.turns.get(&group).copied().unwrap_or(0)
    }

    /// Splits what is asked for by the turn of its group, so that no two keys of one turn are alike.
    pub(super) fn in_turns<T>(&self, wanted: Vec<(u32, T)>) -> Vec<Vec<T>> {
        if self.turns.is_empty() {
            let items: Vec<T> = wanted.into_iter().map(|(_, item)| item).collect();
            return if items.is_empty() { Vec::new() } else { vec![items] };
        }
        let mut turns: Vec<Vec<T>> = Vec::new();
        for (group, item) in wanted {
            let turn = self.turn_of(group) as usize;
            if turns.len() <= turn {
                turns.resize_with(turn + 1, Vec::new);
            }
            turns[turn].push(item);
        }
        turns
    }

    /// Says which turn the rows are of that come next.
    pub(super) fn begin_turn(&mut self, turn: usize) {
        (self.turn, self.last) = (turn as u32, None);
    }

    /// Returns the group, of those that are asked for now, that a row with this key belongs to.
    fn find(&self, key: &Key) -> Option<u32> {
        let own = self.number_of.get(key).copied().filter(|&group| self.turn_of(group) == self.turn);
        own.or_else(|| self.alike.get(&(key.alike_hash(&self.alike_state)?, self.turn)).copied())
    }

    /// Returns the group that a row with this key belongs to, if there is one.
    pub(super) fn of(&mut self, key: Option<Key>) -> Option<u32> {
        let key = key?;
        if let Some((last, group)) = &self.last
            && *last == key
        {
            return Some(*group);
        }
        let group = self.find(&key)?;
        self.last = Some((key, group));
        Some(group)
    }

    /// Returns how many groups there are.
    pub(super) fn count(&self) -> usize {
        self.number_of.len()
    }

    /// Adds a member for the owners with a key, if there are any.
    pub(super) fn add(&mut self, key: Option<Key>, member: u32) {
        if let Some(group) = self.of(key) {
            self.add_to(group, member);
        }
    }

    pub(super) fn add_to(&mut self, group: u32, member: u32) {
        self.pairs.push((group, member));
    }

    pub(super) fn finish(self) -> Lists {
        Lists::of(self.number_of.len(), &self.pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::{Groups, Key};
    use crate::mapper::Shares;

    #[test]
    fn members_stand_by_their_owners_in_the_order_in_which_they_came() {
        let mut groups = Groups::default();
        let owners = [7, 3, 7].map(|key| Some(groups.number(&Key::Integer(key)).0));
        assert_eq!(owners, [Some(0), Some(1), Some(0)]);
        for (key, member) in [(3, 10), (7, 11), (7, 12), (5, 13), (3, 14)] {
            groups.add(Some(Key::Integer(key)), member);
        }
        groups.add(None, 15);
        let shares = Shares::new(groups.finish(), owners.into_iter().chain([None]).collect());
        let members: Vec<&[u32]> = shares.iter().collect();
        assert_eq!(members, [&[11, 12][..], &[10, 14], &[11, 12], &[]]);
    }

    #[test]
    fn rows_that_are_not_the_same_as_their_owner_are_those_of_the_one_that_is_alike() {
        let text = |text: &str| Key::of([orm_pool::Value::Text(text.to_owned())]).unwrap();
        let mut groups = Groups::default();
        let owners = ["ed", "wendy", "ED"].map(|key| groups.number(&text(key)).0);
        assert_eq!(groups.in_turns(owners.map(|group| (group, group)).to_vec()), [vec![0, 1], vec![2]]);
        // To the first statement, a row of another case is one of the owner that it asked for; so it is to the second.
        for (key, member) in [("ed", 10), ("Wendy ", 11), ("ED", 12), ("fred", 13)] {
            groups.add(Some(text(key)), member);
        }
        groups.begin_turn(1);
        groups.add(Some(text("ed")), 14);
        let shares = Shares::new(groups.finish(), owners.map(Some).to_vec());
        let members: Vec<&[u32]> = shares.iter().collect();
        assert_eq!(members, [&[10, 12][..], &[11], &[14]]);
    }
}

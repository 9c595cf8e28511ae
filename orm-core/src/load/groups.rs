//! The members of a relationship by what their owners are found by: one list for all of them, rather than one for each.

use std::collections::HashMap;

use crate::mapper::Lists;
use crate::session::Key;

/// Gathers members by the keys of their owners, in the order in which they come.
#[derive(Default)]
pub(super) struct Groups {
    number_of: HashMap<Key, u32, foldhash::fast::RandomState>,
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
        (number, number == next)
    }

    /// Adds a member for the owners with a key, if there are any.
    pub(super) fn add(&mut self, key: Option<Key>, member: u32) {
        let Some(key) = key else { return };
        let group = match &self.last {
            Some((last, group)) if *last == key => *group,
            _ => {
                let Some(&group) = self.number_of.get(&key) else { return };
                self.last = Some((key, group));
                group
            }
        };
        self.add_to(group, member);
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
}

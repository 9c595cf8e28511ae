//! Who has which members: one list of positions for all owners, rather than one for each.

/// Lists of numbers, one behind the other.
pub(crate) struct Lists {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    /// Sorts pairs of list and item by their lists; within one, the items keep their order.
    pub(crate) fn of(count: usize, pairs: &[(u32, u32)]) -> Self {
        let mut starts = vec![0; count + 1];
        pairs.iter().for_each(|&(list, _)| starts[list as usize + 1] += 1);
        for list in 0..count {
            starts[list + 1] += starts[list];
        }
        let (mut items, mut next) = (vec![0; pairs.len()], starts.clone());
        for &(list, item) in pairs {
            let at = &mut next[list as usize];
            items[*at as usize] = item;
            *at += 1;
        }
        Lists { starts, items }
    }

    pub(crate) fn get(&self, list: u32) -> &[u32] {
        let list = list as usize;
        &self.items[self.starts[list] as usize..self.starts[list + 1] as usize]
    }
}

/// Which members each owner has; several owners may have the same.
pub(crate) struct Shares {
    lists: Lists,
    /// The list of each owner; none where it has no members.
    of: Vec<Option<u32>>,
}

impl Shares {
    pub(crate) fn new(lists: Lists, of: Vec<Option<u32>>) -> Self {
        Shares { lists, of }
    }

    /// Returns the members of each owner in turn.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &[u32]> {
        self.of.iter().map(|list| list.map_or(&[][..], |list| self.lists.get(list)))
    }
}

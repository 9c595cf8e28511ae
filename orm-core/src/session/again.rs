//! Objects that were rolled back, added again: with the members that they still hold.

use super::objects::{Objects, State};
use crate::error::Result;
use crate::mapper::{Direction, literal_set};

impl Objects {
    /// Makes a transient object pending again, and with it the transient objects that it is linked to.
    ///
    /// Every column is sent as it stands, but a generated key: what a builder left out has been filled meanwhile. Foreign
    /// keys are taken from the linked objects once more, since those may get other keys than they had.
    pub(super) fn add_again(&mut self, slot: u32) -> Result<()> {
        let mut waiting = vec![slot];
        while let Some(slot) = waiting.pop() {
            if self.get(slot).state != State::Transient {
                continue;
            }
            self.place_again(slot);
            self.get_mut(slot).set = literal_set(self.object(slot));
            let owner = self.id(slot);
            let mapper = self.get(slot).mapper;
            for info in &mapper.configured()?.relationships {
                for member in self.object(slot).relation(usize::from(info.index)).members() {
                    let follows = info.definition.cascade.save_update || info.direction == Direction::ManyToOne;
                    if self.slot(member, info.target.definition.name).is_ok() && follows && !info.definition.viewonly {
                        self.link(owner, info, member)?;
                        waiting.push(member.slot);
                    }
                }
            }
        }
        Ok(())
    }
}

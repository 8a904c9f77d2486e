//! What a random program consists of.

use fastrand::Rng;

/// A body or a child of a group, by its number. Each is spawned by one act at most.
pub(super) type Actor = usize;
/// A group by its number, which is that of its body.
pub(super) type Group = usize;

#[derive(Debug)]
pub(super) struct Program {
    pub(super) parts: Vec<Part>,
    /// After how many acts of all the whole is dropped.
    pub(super) dropped_after: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) acts: Vec<Act>,
    pub(super) at_drop: AtDrop,
    /// For the body of a group: how many of its children run at once.
    pub(super) limit: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Does nothing.
    Step,
    Spawn(Group, Actor),
    /// Runs a group in it, to its end.
    Nest(Group),
    Await(Actor),
    Join(Actor),
    ShieldedJoin(Actor),
    CancelChild(Actor),
    CancelGroup(Group),
    /// So many moments in which nobody drops it.
    Shield(u32),
    Fail,
    Panic,
}

/// What the destructor does.
#[derive(Clone, Debug)]
pub(super) enum AtDrop {
    Nothing,
    Spawn(Group, Actor),
    /// Leaves a clean-up of so many moments.
    CleanUp(u32),
    Panic,
}

/// How many actors a program has at most.
const MOST: usize = 20;

impl Program {
    /// Whether somebody is spawned by a destructor.
    pub(super) fn spawns_in_a_drop(&self) -> bool {
        let spawns = |part: &Part| matches!(part.at_drop, AtDrop::Spawn(..));
        self.parts.iter().any(spawns)
    }

    pub(super) fn random(random: &mut Rng) -> Self {
        let mut program = Self {
            parts: Vec::new(),
            dropped_after: match random.u32(0..4) {
                0 => random.usize(0..60),
                _ => usize::MAX,
            },
        };
        // Some are peaceful, so that long stories come about.
        let violence = random.u32(0..4);
        program.part(random, &mut vec![0], violence);
        program
    }

    /// Adds an actor of the last of `groups`; those in front are around it.
    fn part(&mut self, random: &mut Rng, groups: &mut Vec<Group>, violence: u32) -> Actor {
        let actor = self.parts.len();
        self.parts.push(Part {
            acts: Vec::new(),
            at_drop: AtDrop::Nothing,
            limit: match random.u32(0..3) {
                0 => random.usize(1..4),
                _ => usize::MAX,
            },
        });
        let acts = if groups.last() == Some(&actor) {
            random.u32(2..12)
        } else {
            random.u32(0..6)
        };
        let acts = (0..acts).map(|_| self.act(random, groups, violence));
        let mut acts = Vec::from_iter(acts);
        // Nothing comes after these.
        if let Some(end) = acts
            .iter()
            .position(|act| matches!(act, Act::Fail | Act::Panic))
        {
            acts.truncate(end + 1);
        }
        let at_drop = match random.u32(0..12) {
            0 if self.parts.len() < MOST => {
                let group = Self::one_of(random, groups);
                AtDrop::Spawn(group, self.part(random, groups, violence))
            }
            1 => AtDrop::CleanUp(random.u32(1..4)),
            2 if violence > 1 => AtDrop::Panic,
            _ => AtDrop::Nothing,
        };
        self.parts[actor].acts = acts;
        self.parts[actor].at_drop = at_drop;
        actor
    }

    /// Mostly its own.
    fn one_of(random: &mut Rng, groups: &[Group]) -> Group {
        match random.u32(0..4) {
            0 => groups[random.usize(..groups.len())],
            _ => *groups.last().expect("each actor is in a group"),
        }
    }

    fn act(&mut self, random: &mut Rng, groups: &mut Vec<Group>, violence: u32) -> Act {
        // Mostly somebody whom it may know.
        let somebody = random.usize(..self.parts.len() + 2);
        let more = self.parts.len() < MOST;
        match random.u32(0..20) {
            0..=5 if more => {
                let group = Self::one_of(random, groups);
                Act::Spawn(group, self.part(random, groups, violence))
            }
            6 if more => {
                groups.push(self.parts.len());
                let group = self.part(random, groups, violence);
                groups.pop();
                Act::Nest(group)
            }
            7..=8 => Act::Await(somebody),
            9 => Act::Join(somebody),
            10..=11 => Act::ShieldedJoin(somebody),
            12 if violence > 0 => Act::CancelGroup(Self::one_of(random, groups)),
            13 => Act::Shield(random.u32(1..5)),
            14 if violence > 0 => Act::Fail,
            15 if violence > 1 => Act::Panic,
            16 => Act::CancelChild(somebody),
            _ => Act::Step,
        }
    }
}

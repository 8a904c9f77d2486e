//! Random programs on the real thing, and on a model that is obvious and slow: plain vectors, searched from the front each
//! time. The model is asyncio's queue as far as results go; who is woken when is the promise in the documentation.

use std::task::Poll;

use fastrand::Rng;
use smolio_queue::{Get, GetMany, Join, Put, PutAll, TryGetError, TryPutError};

use crate::support::{Kind, Wakes, for_all_kinds};

for_all_kinds!(random_programs_agree_with_the_model);

const PROGRAMS: u64 = 300;
const STEPS: usize = 300;

fn random_programs_agree_with_the_model<Q: Kind>() {
    for seed in 0..PROGRAMS {
        let mut random = Rng::with_seed(seed);
        let queue = match random.usize(0..5) {
            0 => Q::unbounded(),
            capacity => Q::bounded(capacity),
        };
        let mut program = Program::new(&queue);
        for step in 0..STEPS {
            program.context = format!("seed {seed}, step {step}");
            program.step(&mut random);
            program.compare();
        }
        program.quiesce();
    }
}

/// What a pending future does, in the model.
#[derive(Clone, Debug)]
enum Act {
    Get,
    GetMany(usize),
    Put(u32),
    PutAll(Vec<u32>),
    /// Whether the work was done since it began to wait.
    Join(bool),
}

impl Act {
    /// As the documentation has it: for how much a woken future counts.
    fn wants(&self) -> usize {
        match self {
            Self::Get | Self::Put(_) => 1,
            Self::GetMany(max) => *max,
            Self::PutAll(rest) => rest.len(),
            Self::Join(_) => 0,
        }
    }

    fn gets(&self) -> bool {
        matches!(self, Self::Get | Self::GetMany(_))
    }

    fn puts(&self) -> bool {
        matches!(self, Self::Put(_) | Self::PutAll(_))
    }
}

/// What came of a future.
#[derive(PartialEq, Debug)]
enum Outcome {
    Got(u32),
    GotMany(Vec<u32>),
    GetRefused,
    Put,
    PutRefused(u32),
    AllPut,
    AllRefused(Vec<u32>, usize),
    Joined,
}

#[derive(Clone, Default)]
struct Model {
    items: Vec<u32>,
    capacity: Option<usize>,
    accepted: u64,
    unfinished: u64,
    shut_down: bool,
}

impl Model {
    fn room(&self) -> usize {
        self.capacity
            .map_or(usize::MAX, |capacity| capacity - self.items.len())
    }

    fn accept(&mut self, item: u32) {
        self.items.push(item);
        self.accepted += 1;
        self.unfinished += 1;
    }

    fn take<Q: Kind>(&mut self) -> Option<u32> {
        (!self.items.is_empty()).then(|| self.items.remove(Q::next_of(&self.items)))
    }

    fn poll<Q: Kind>(&mut self, act: &mut Act, all: usize) -> Option<Outcome> {
        match act {
            Act::Get => match self.take::<Q>() {
                Some(item) => Some(Outcome::Got(item)),
                None => self.shut_down.then_some(Outcome::GetRefused),
            },
            Act::GetMany(max) => {
                let got: Vec<u32> = (0..*max).map_while(|_| self.take::<Q>()).collect();
                if !got.is_empty() {
                    return Some(Outcome::GotMany(got));
                }
                self.shut_down.then_some(Outcome::GetRefused)
            }
            Act::Put(item) if self.shut_down => Some(Outcome::PutRefused(*item)),
            Act::Put(item) => (self.room() > 0).then(|| {
                self.accept(*item);
                Outcome::Put
            }),
            Act::PutAll(rest) if rest.is_empty() => Some(Outcome::AllPut),
            Act::PutAll(rest) if self.shut_down => {
                Some(Outcome::AllRefused(rest.clone(), all - rest.len()))
            }
            Act::PutAll(rest) => {
                while self.room() > 0 && !rest.is_empty() {
                    self.accept(rest.remove(0));
                }
                rest.is_empty().then_some(Outcome::AllPut)
            }
            Act::Join(done) => (*done || self.unfinished == 0).then_some(Outcome::Joined),
        }
    }
}

enum Real<'q> {
    Get(Get<'q, u32>),
    GetMany(GetMany<'q, u32>),
    Put(Put<'q, u32>),
    PutAll(PutAll<'q, u32>),
    Join(Join<'q, u32>),
}

impl Real<'_> {
    fn poll(&mut self, wakes: &Wakes) -> Option<Outcome> {
        let poll = match self {
            Self::Get(get) => wakes
                .poll(get)
                .map(|got| got.map_or(Outcome::GetRefused, Outcome::Got)),
            Self::GetMany(get) => wakes
                .poll(get)
                .map(|got| got.map_or(Outcome::GetRefused, Outcome::GotMany)),
            Self::Put(put) => wakes.poll(put).map(|put| match put {
                Ok(()) => Outcome::Put,
                Err(refused) => Outcome::PutRefused(refused.into_inner()),
            }),
            Self::PutAll(put) => wakes.poll(put).map(|put| match put {
                Ok(()) => Outcome::AllPut,
                Err(refused) => {
                    let accepted = refused.accepted();
                    Outcome::AllRefused(refused.into_inner(), accepted)
                }
            }),
            Self::Join(join) => wakes.poll(join).map(|()| Outcome::Joined),
        };
        match poll {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }
}

/// A future that waits, in both worlds.
struct Pending<'q> {
    real: Real<'q>,
    wakes: Wakes,
    act: Act,
    // Of a batch.
    all: usize,
    wants: usize,
    woken: bool,
    // How often the model says that the waker was called.
    count: usize,
}

/// The futures that wait stand in the order in which they came.
struct Program<'q, Q> {
    queue: &'q Q,
    model: Model,
    pending: Vec<Pending<'q>>,
    next_item: u32,
    context: String,
}

impl<'q, Q: Kind> Program<'q, Q> {
    fn new(queue: &'q Q) -> Self {
        Self {
            queue,
            model: Model {
                capacity: queue.capacity(),
                ..Model::default()
            },
            pending: Vec::new(),
            next_item: 0,
            context: String::new(),
        }
    }

    fn step(&mut self, random: &mut Rng) {
        match random.usize(0..100) {
            0..50 => self.start(random),
            50..70 => self.poll_one(random),
            70..78 if !self.pending.is_empty() => {
                let gone = random.usize(0..self.pending.len());
                self.drop_one(gone);
            }
            78..84 => self.try_get(),
            84..90 => self.try_put(random),
            90..97 => self.task_done(),
            97 if random.usize(0..4) == 0 => self.shut_down(false),
            98 if random.usize(0..8) == 0 => self.shut_down(true),
            _ => self.poll_woken(),
        }
        self.settle();
    }

    fn item(&mut self, random: &mut Rng) -> u32 {
        // Different from all others, and in no order.
        self.next_item += 1;
        self.next_item + (random.u32(0..8) << 20)
    }

    fn start(&mut self, random: &mut Rng) {
        let (real, act) = match random.usize(0..11) {
            0..4 => (Real::Get(self.queue.get()), Act::Get),
            4 => {
                let max = random.usize(1..5);
                (Real::GetMany(self.queue.get_many(max)), Act::GetMany(max))
            }
            5..9 => {
                let item = self.item(random);
                (Real::Put(self.queue.put(item)), Act::Put(item))
            }
            9 => {
                let items = Vec::from_iter((0..random.usize(0..6)).map(|_| self.item(random)));
                let real = self.queue.put_all(items.clone());
                (Real::PutAll(real), Act::PutAll(items))
            }
            _ => (Real::Join(self.queue.join()), Act::Join(false)),
        };
        let mut one = Pending {
            real,
            wakes: Wakes::new(),
            all: act.wants(),
            wants: 0,
            act,
            woken: false,
            count: 0,
        };
        if !self.poll(&mut one) {
            self.pending.push(one);
        }
    }

    /// Polls in both worlds, and compares what comes of it: whether it is ready.
    fn poll(&mut self, one: &mut Pending<'q>) -> bool {
        let real = one.real.poll(&one.wakes);
        let expected = self.model.poll::<Q>(&mut one.act, one.all);
        assert_eq!(real, expected, "{}: {:?}", self.context, one.act);
        one.woken = false;
        one.wants = one.act.wants();
        real.is_some()
    }

    fn poll_at(&mut self, index: usize) {
        let mut one = self.pending.remove(index);
        if !self.poll(&mut one) {
            self.pending.insert(index, one);
        }
    }

    fn poll_one(&mut self, random: &mut Rng) {
        if !self.pending.is_empty() {
            self.poll_at(random.usize(0..self.pending.len()));
        }
    }

    fn poll_woken(&mut self) {
        if let Some(index) = self.pending.iter().position(|one| one.woken) {
            self.poll_at(index);
        }
    }

    fn drop_one(&mut self, index: usize) {
        let gone = self.pending.remove(index);
        match (gone.real, gone.act) {
            (Real::Put(put), Act::Put(item)) => assert_eq!(put.into_item(), Some(item)),
            (Real::PutAll(put), Act::PutAll(rest)) => assert_eq!(put.into_rest(), rest),
            (real, _) => drop(real),
        }
        assert_eq!(gone.wakes.clones(), 0);
    }

    fn try_get(&mut self) {
        let expected = self.model.take::<Q>().ok_or(if self.model.shut_down {
            TryGetError::ShutDown
        } else {
            TryGetError::Empty
        });
        assert_eq!(self.queue.try_get(), expected, "{}", self.context);
    }

    fn try_put(&mut self, random: &mut Rng) {
        let item = self.item(random);
        let expected = if self.model.shut_down {
            Err(TryPutError::ShutDown(item))
        } else if self.model.room() == 0 {
            Err(TryPutError::Full(item))
        } else {
            self.model.accept(item);
            Ok(())
        };
        assert_eq!(self.queue.try_put(item), expected, "{}", self.context);
    }

    fn task_done(&mut self) {
        let expected = self.model.unfinished > 0;
        assert_eq!(self.queue.task_done().is_ok(), expected);
        if expected {
            self.finish(1);
        }
    }

    fn finish(&mut self, items: u64) {
        let before = self.model.unfinished;
        self.model.unfinished = before.saturating_sub(items);
        if before > 0 && self.model.unfinished == 0 {
            for one in &mut self.pending {
                if let Act::Join(done) = &mut one.act {
                    *done = true;
                }
            }
        }
    }

    fn shut_down(&mut self, now: bool) {
        self.model.shut_down = true;
        if now {
            self.queue.shutdown_now();
            let discarded = std::mem::take(&mut self.model.items).len();
            self.finish(discarded as u64);
        } else {
            self.queue.shutdown();
        }
    }

    /// As many are woken as can be served, in the order in which they came; those that are woken already count.
    fn settle(&mut self) {
        let (items, room) = if self.model.shut_down {
            (usize::MAX, usize::MAX)
        } else {
            (self.model.items.len(), self.model.room())
        };
        self.wake(items, Act::gets);
        self.wake(room, Act::puts);
        for one in &mut self.pending {
            if matches!(one.act, Act::Join(true)) && !one.woken {
                one.woken = true;
                one.count += 1;
            }
        }
    }

    fn wake(&mut self, available: usize, side: fn(&Act) -> bool) {
        let woken = self
            .pending
            .iter()
            .filter(|one| side(&one.act) && one.woken);
        let mut claimed: usize = woken.map(|one| one.wants).sum();
        let waiting = self.pending.iter_mut();
        for one in waiting.filter(|one| side(&one.act) && !one.woken) {
            if claimed >= available {
                break;
            }
            claimed += one.wants;
            one.woken = true;
            one.count += 1;
        }
    }

    fn compare(&self) {
        let stats = self.queue.stats();
        let waiting = |side: fn(&Act) -> bool| {
            let those = self.pending.iter().filter(|one| side(&one.act));
            those.count()
        };
        assert_eq!(stats.items, self.model.items.len(), "{}", self.context);
        assert_eq!(stats.accepted, self.model.accepted, "{}", self.context);
        assert_eq!(stats.unfinished, self.model.unfinished, "{}", self.context);
        assert_eq!(stats.shut_down, self.model.shut_down, "{}", self.context);
        assert_eq!(stats.getters, waiting(Act::gets), "{}", self.context);
        assert_eq!(stats.putters, waiting(Act::puts), "{}", self.context);
        let real = Vec::from_iter(self.pending.iter().map(|one| one.wakes.count()));
        let expected = Vec::from_iter(self.pending.iter().map(|one| one.count));
        assert_eq!(real, expected, "wakes, {}", self.context);
    }

    /// Lets everyone run who was woken, and again, until nobody is: then nobody waits for what is there.
    fn quiesce(&mut self) {
        while let Some(index) = self.pending.iter().position(|one| one.woken) {
            self.poll_at(index);
            self.settle();
            self.compare();
        }
        let waits = |side: fn(&Act) -> bool| self.pending.iter().any(|one| side(&one.act));
        assert!(
            self.model.items.is_empty() || !waits(Act::gets),
            "{}",
            self.context
        );
        assert!(
            self.model.room() == 0 || !waits(Act::puts),
            "{}",
            self.context
        );
        assert!(!self.model.shut_down || !waits(|act| act.gets() || act.puts()));
        self.pending.clear();
        let stats = self.queue.stats();
        assert_eq!((stats.getters, stats.putters, stats.joiners), (0, 0, 0));
    }
}

//! Who is running: the identity of a task, and the one place that switches from one task to the next.
//!
//! A [`TaskContext`] belongs to one task or group child. Whoever polls that task puts the context in place around each
//! poll, and around the drop of the future as well, so that destructors see the task they belong to.

use std::{
    borrow::Cow,
    cell::Cell,
    fmt,
    future::Future,
    num::NonZeroU64,
    panic::Location,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use pin_project_lite::pin_project;
use scoped_tls::scoped_thread_local;

use crate::{
    attention::{self, is_observed},
    budget, deadline,
    observation::watched_waker,
    shield::ShieldBorder,
    spans::TaskSpan,
    variable::Variables,
};

/// Tells one task from all others of this process; ids are given in order of creation and never used again.
///
/// ```
/// use smolio_context::TaskContext;
/// let spawned = || TaskContext::child(None).info().clone(); // in real life: the `info()` of a task
/// let (one, other) = (spawned(), spawned());
/// assert!(one.id() < other.id());
/// assert_eq!(one.name(), format!("task-{}", one.id())); // as long as it has no other name
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TaskId(NonZeroU64);

impl TaskId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        thread_local! {
            // Each thread takes ids in blocks: a shared counter touched once per task would be the dearest part of a spawn.
            static NEXT_HERE: Cell<u64> = const { Cell::new(0) };
        }
        const BLOCK: u64 = 1024;
        let mut id = NEXT_HERE.get();
        if id % BLOCK == 0 {
            id = NEXT.fetch_add(1, Ordering::Relaxed) * BLOCK + 1;
        }
        NEXT_HERE.set(id + 1);
        Self(NonZeroU64::new(id).expect("2^64 task ids cannot be used up"))
    }

    /// The number behind the id, as it stands in `task-7`.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who a task is: its id, its name, where it was spawned and by whom.
///
/// Cheap to clone. The name is the one given at spawn, or `task-N`, made when asked for.
///
/// ```
/// use smolio_context::{TaskContext, current_task};
/// TaskContext::root().enter(|| {
///     let parent = current_task().unwrap();
///     let child = TaskContext::child(Some("fetch")); // in real life: a spawn
///     let info = child.info();
///     assert_eq!(info.name(), "fetch");
///     assert_eq!(info.parent(), Some(parent.id()));
///     // As reports name it: with the line on which it was spawned.
///     assert_eq!(info.to_string(), format!("fetch (spawned at {})", info.location()));
/// });
/// ```
#[doc(alias = "get_name")]
#[derive(Clone)]
pub struct TaskInfo {
    id: TaskId,
    parent: Option<TaskId>,
    // Behind a thin pointer: most tasks have no name of their own, and each of them would pay for the second word.
    name: Option<Arc<Box<str>>>,
    location: &'static Location<'static>,
}

impl TaskInfo {
    #[inline]
    fn new(
        name: Option<&str>,
        location: &'static Location<'static>,
        parent: Option<TaskId>,
    ) -> Self {
        Self {
            id: TaskId::next(),
            parent,
            name: name.map(|name| Arc::new(name.into())),
            location,
        }
    }

    /// The task's number.
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// The task that spawned this one, if it was spawned by one.
    pub fn parent(&self) -> Option<TaskId> {
        self.parent
    }

    /// The name given at spawn, or `task-N`.
    pub fn name(&self) -> Cow<'_, str> {
        match &self.name {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(format!("task-{}", self.id)),
        }
    }

    /// The name with the id, as reports refer to a task of which more is said elsewhere: `fetch, id 7`, or `task-7`.
    pub fn with_id(&self) -> String {
        match &self.name {
            Some(name) => format!("{name}, id {}", self.id),
            None => self.name().into_owned(),
        }
    }

    /// Where in the source the task was spawned.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }
}

impl fmt::Debug for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskInfo")
            .field("id", &self.id.get())
            .field("name", &self.name())
            .field("location", &format_args!("{}", self.location))
            .field("parent", &self.parent.map(TaskId::get))
            .finish()
    }
}

/// `fetch (spawned at src/main.rs:7:13)`, as reports name a task.
impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (spawned at {})", self.name(), self.location)
    }
}

/// What one task carries with it from poll to poll: its identity and its context variables.
///
/// It is `Sync`, so that whoever holds the task can ask who it is while it is being polled.
pub struct TaskContext {
    info: TaskInfo,
    variables: Variables,
    span: TaskSpan,
}

scoped_thread_local! {
    /// Who is being polled: a task, or a child of a group inside of a task.
    static CURRENT: TaskContext
}

scoped_thread_local! {
    /// The task that is being polled, whichever child in it may be the current one.
    static TASK: TaskContext
}

impl TaskContext {
    /// The context of a task that nobody spawned: the main task of a loop. Its variables start at their defaults.
    #[track_caller]
    pub fn root() -> Self {
        Self::new(Some("main"), Location::caller(), None, Variables::default())
    }

    /// The context of a child of whoever is running now: the variables are copied as they stand.
    #[track_caller]
    #[inline]
    pub fn child(name: Option<&str>) -> Self {
        Self::child_at(name, Location::caller())
    }

    /// Whether to make a context runs code that is not ours: the one who listens to `tracing`.
    pub const IS_TRACED: bool = cfg!(feature = "spans");

    /// As [`child`](Self::child), for whoever makes it within a closure, which does not know who has called.
    #[inline]
    pub fn child_at(name: Option<&str>, location: &'static Location<'static>) -> Self {
        let (parent, variables) = match with_current(Self::inheritance) {
            Some((parent, variables)) => (Some(parent), variables),
            None => (None, Variables::default()),
        };
        Self::new(name, location, parent, variables)
    }

    #[inline]
    fn new(
        name: Option<&str>,
        location: &'static Location<'static>,
        parent: Option<TaskId>,
        variables: Variables,
    ) -> Self {
        let info = TaskInfo::new(name, location, parent);
        let span = TaskSpan::new(&info);
        Self {
            info,
            variables,
            span,
        }
    }

    #[inline]
    fn inheritance(&self) -> (TaskId, Variables) {
        (self.info.id, self.variables.copy())
    }

    /// The current task once more: for work that is done on its behalf, when or where it is not being polled itself.
    ///
    /// The variables are copied; `None` outside of tasks.
    pub fn copy_current() -> Option<Self> {
        with_current(|current| Self {
            info: current.info.clone(),
            variables: current.variables.copy_on_behalf(),
            span: current.span.copy(),
        })
    }

    /// The context of something that is nobody's task, but the business of an executor: whoever looks on does not see it.
    #[track_caller]
    pub fn unlisted(name: &str) -> Self {
        let variables = Variables::default().copy_on_behalf();
        Self {
            info: TaskInfo::new(Some(name), Location::caller(), None),
            variables,
            span: TaskSpan::none(),
        }
    }

    /// Whether whoever looks on does not see it: a second context of its task (see [`copy_current`](Self::copy_current)), or
    /// one that is [`unlisted`](Self::unlisted).
    pub(crate) fn is_on_behalf(&self) -> bool {
        self.variables.is_on_behalf()
    }

    /// Who this context belongs to.
    pub fn info(&self) -> &TaskInfo {
        &self.info
    }

    /// For whoever takes a task in that is to be polled: says so to those who look on. Twice is once.
    #[inline]
    pub fn spawned(&self) {
        if is_observed() && !self.is_on_behalf() {
            attention::spawned(&self.info);
        }
    }

    /// For whoever polls the task: it was woken. [`Scoped`] says so itself.
    #[inline]
    pub fn woken(&self) {
        if is_observed() && !self.is_on_behalf() {
            attention::woken(&self.info);
        }
    }

    /// For whoever polls the task: its future is gone, and it waits for nothing. [`Scoped`] says so itself.
    ///
    /// It is nothing for a [copy](Self::copy_current), whose task may go on.
    #[inline]
    pub fn ended(&self) {
        self.span.close();
        if is_observed() && !self.is_on_behalf() {
            attention::ended(&self.info);
        }
    }

    /// The waker to poll it with while somebody looks on, so that they learn of its wakes.
    #[inline]
    fn watched_waker(&self, observed: bool, cx: &Context<'_>) -> Option<Waker> {
        if observed {
            watched_waker(self, cx.waker())
        } else {
            None
        }
    }

    /// Drops the variables: the task has ended, and they need not wait for the last who wants to know who it was.
    #[inline]
    pub fn forget_variables(&self) {
        self.variables.clear();
    }

    /// Runs `f` as this task: its identity and variables are the current ones, no deadline is inherited, and the budget is
    /// a fresh one. What was current before is put back, also when `f` panics.
    #[inline]
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        let _deadline = deadline::hide_deadlines();
        self.enter_from_loop(f)
    }

    /// As [`enter`](Self::enter), for a loop, which polls its tasks where no timeout is: one that has hidden the deadlines
    /// around itself, if there could be any, need not hide them around each poll.
    #[inline]
    pub fn enter_from_loop<R>(&self, f: impl FnOnce() -> R) -> R {
        TASK.set(self, || self.enter_child(f))
    }

    /// As [`enter`](Self::enter), for a child that is polled inside its parent's poll: the parent's deadlines hold for the
    /// child too, and the parent sees the shields of the child.
    #[inline]
    pub fn enter_child<R>(&self, f: impl FnOnce() -> R) -> R {
        self.enter_child_if(is_observed(), f)
    }

    #[inline]
    fn enter_child_if<R>(&self, observed: bool, f: impl FnOnce() -> R) -> R {
        let mut budget = budget::refill();
        if observed {
            budget.measure(attention::begin_poll(self));
        }
        CURRENT.set(self, || self.span.enter(f))
    }
}

impl fmt::Debug for TaskContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TaskContext").field(&self.info).finish()
    }
}

#[inline]
pub(crate) fn with_current<R>(f: impl FnOnce(&TaskContext) -> R) -> Option<R> {
    CURRENT.is_set().then(|| CURRENT.with(f))
}

/// Who is running now, a task or a child of a group; `None` outside of tasks.
///
/// ```
/// use smolio_context::{TaskContext, current_task};
/// assert!(current_task().is_none());
/// TaskContext::child(Some("fetch")).enter(|| {
///     // in real life: inside of a task that was spawned with this name
///     assert_eq!(current_task().unwrap().name(), "fetch");
/// });
/// ```
pub fn current_task() -> Option<TaskInfo> {
    with_current(|current| current.info.clone())
}

/// The task that is running now, also when the [current](current_task) one is a child of a group inside of it.
pub fn enclosing_task() -> Option<TaskInfo> {
    TASK.is_set().then(|| TASK.with(|task| task.info.clone()))
}

/// The id of the [`enclosing_task`].
pub(crate) fn enclosing_id() -> Option<TaskId> {
    TASK.is_set().then(|| TASK.with(|task| task.info.id))
}

/// Lends the variables of the current task to `f`; `None` outside of tasks.
pub(crate) fn with_variables<R>(f: impl FnOnce(&Variables) -> R) -> Option<R> {
    with_current(|current| f(&current.variables))
}

pin_project! {
    /// A future together with the context that it is polled and dropped in.
    ///
    /// [`poll`](Future::poll) enters the context as a task of its own; a group, whose children live inside its poll, uses
    /// [`poll_child`](Self::poll_child).
    pub struct Scoped<F> {
        context: TaskContext,
        // `None` once the future is gone: it is dropped as soon as it is ready.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Scoped<F> {
        fn drop(this: Pin<&mut Self>) {
            this.drop_future();
        }
    }
}

impl<F> Scoped<F> {
    /// Binds `future` to `context`.
    #[inline(always)]
    pub fn new(context: TaskContext, future: F) -> Self {
        Self {
            context,
            future: Some(future),
        }
    }

    /// Who the future belongs to.
    pub fn info(&self) -> &TaskInfo {
        &self.context.info
    }

    /// Drops the future now, inside its context. Nothing happens if it is gone already.
    pub fn drop_future(self: Pin<&mut Self>) {
        struct Ended<'a>(&'a TaskContext);
        impl Drop for Ended<'_> {
            fn drop(&mut self) {
                self.0.ended();
            }
        }
        let mut this = self.project();
        if this.future.is_some() {
            // Also if the drop panics.
            let _ended = Ended(this.context);
            this.context.enter(|| this.future.set(None));
        }
    }
}

impl<F: Future> Scoped<F> {
    /// Polls the future as a child: the deadlines of the task that polls it hold for it as well.
    ///
    /// # Panics
    /// When polled again after it was ready or dropped.
    #[inline]
    pub fn poll_child(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let observed = is_observed();
        let watched = this.context.watched_waker(observed, cx);
        let cx = &mut Context::from_waker(watched.as_ref().unwrap_or(cx.waker()));
        let result = this
            .context
            .enter_child_if(observed, || poll_once(this.future.as_mut(), cx));
        if result.is_ready() {
            this.context.ended();
        }
        result
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        // Not in `enter`: a loop, which need not, would pay for it in each poll.
        let _shields = ShieldBorder::here();
        let watched = this.context.watched_waker(is_observed(), cx);
        let cx = &mut Context::from_waker(watched.as_ref().unwrap_or(cx.waker()));
        let result = this.context.enter(|| poll_once(this.future.as_mut(), cx));
        if result.is_ready() {
            this.context.ended();
        }
        result
    }
}

#[inline]
fn poll_once<F: Future>(mut future: Pin<&mut Option<F>>, cx: &mut Context<'_>) -> Poll<F::Output> {
    let running = future
        .as_mut()
        .as_pin_mut()
        .expect("polled after it was ready");
    let result = running.poll(cx);
    if result.is_ready() {
        future.set(None);
    }
    result
}

impl<F> fmt::Debug for Scoped<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scoped").field(&self.context).finish()
    }
}

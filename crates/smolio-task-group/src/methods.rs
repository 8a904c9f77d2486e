//! What `TaskGroup` and `LocalTaskGroup` have in common, which is all but one word: children of the first are `Send`.

/// The methods of a group and of its spawner. `$send` is `Send +` or nothing.
macro_rules! group_methods {
    ($Group:ident, $Spawner:ident, $erase:ident, [$($send:tt)*]) => {
        impl<'a, E> $Group<'a, E> {
            /// An empty group. Nothing in it runs before [`run`](Self::run) is awaited.
            ///
            /// What the children borrow is to be declared before the group, and so dropped after it.
            pub fn new() -> Self {
                Self { core: Core::new(None) }
            }

            /// Gives the group a name, for reports of who waits for what.
            #[must_use = "gives the group back"]
            pub fn named(self, name: impl AsRef<str>) -> Self {
                self.core.set_name(name.as_ref());
                self
            }

            /// At most `children` run at the same time; the others wait their turn, in the order in which they were spawned.
            ///
            /// [`spawn`](Self::spawn) never waits: whoever makes children faster than they end uses
            /// [`spawn_when_ready`](Self::spawn_when_ready).
            ///
            /// # Panics
            /// If `children` is zero: none would ever run.
            #[doc(alias = "Semaphore")]
            #[track_caller]
            #[must_use = "gives the group back"]
            pub fn limit(self, children: usize) -> Self {
                self.core.set_limit(children);
                self
            }

            /// A handle for children, who cannot borrow the group: it spawns siblings.
            pub fn spawner(&self) -> $Spawner<'a, E> {
                $Spawner { core: Arc::downgrade(&self.core) }
            }

            /// Ends the group: the body is dropped, then the children in reverse order of their spawning, and
            /// `run` gives an error that [`is_cancelled`](TaskGroupError::is_cancelled). Children that have not been
            /// polled yet never will be. A scope that is [`shielded`](crate::CancelScope::shielded) goes on to its end first.
            ///
            /// It may be called at any time, before the run as well, and more than once.
            pub fn cancel(&self) {
                self.core.cancel(None);
            }

            /// As [`cancel`](Self::cancel), but body and children have until the end of `grace` to end by themselves.
            ///
            /// They learn of it by [`cancelled`](Self::cancelled). From now on the group takes no more children. If all of
            /// them end in time, `run` gives the value of the body as if nothing had happened. Pass a `sleep`: the group
            /// itself knows no time. A second grace period is ignored; `cancel` ends the first.
            #[track_caller]
            pub fn cancel_with_grace<F>(&self, grace: F)
            where
                F: IntoFuture<Output = ()>,
                F::IntoFuture: $($send)* 'a,
                E: 'a,
            {
                let context = TaskContext::child(Some("grace"));
                let grace = ChildTask::new(context, grace.into_future());
                self.core.cancel(Some(Owner::new(self.core.ready().clone(), grace).$erase()));
            }

            /// A token that is set when the group is cancelled, or ends because of a failure.
            pub fn cancelled(&self) -> CancelToken {
                self.core.token()
            }

            /// How many children there are, and whether more are taken.
            pub fn stats(&self) -> TaskGroupStats {
                self.core.stats()
            }

            /// Waits until a child that is spawned now would start at once, because fewer than the
            /// [`limit`](Self::limit) are alive. Returns at once if the group is ending.
            ///
            /// # Cancel safety
            /// Whoever is dropped while waiting leaves the line.
            pub fn ready(&self) -> impl Future<Output = ()> + use<'_, 'a, E> {
                Place::new(&self.core)
            }
        }

        impl<'a, E: $($send)* 'a> $Group<'a, E> {
            /// Starts a child: a future of `Result<T, E>` or of `()`, which may borrow what was declared before the group.
            ///
            /// It never fails. A group that is ending drops the future unpolled, and the handle's
            /// [`join`](Child::join) says [`Refused`](crate::ChildError::Refused). After the end of the group that is a
            /// mistake, which the unhandled hook is told of.
            ///
            /// The child copies the context variables of its spawner; its name is `task-N`.
            #[doc(alias = "create_task")]
            #[doc(alias = "start_soon")]
            #[track_caller]
            pub fn spawn<F>(&self, future: F) -> Child<<F::Output as Outcome<E>>::Value>
            where
                F: IntoFuture,
                F::IntoFuture: $($send)* 'a,
                F::Output: Outcome<E>,
                <F::Output as Outcome<E>>::Value: $($send)* 'a,
            {
                self.core.spawn_child(None, future.into_future())
            }

            /// As [`spawn`](Self::spawn), with a name for reports.
            #[track_caller]
            pub fn spawn_named<F>(&self, name: &str, future: F) -> Child<<F::Output as Outcome<E>>::Value>
            where
                F: IntoFuture,
                F::IntoFuture: $($send)* 'a,
                F::Output: Outcome<E>,
                <F::Output as Outcome<E>>::Value: $($send)* 'a,
            {
                self.core.spawn_child(Some(name), future.into_future())
            }

            /// As [`spawn`](Self::spawn), for a future that cannot fail and gives any value.
            ///
            /// A `Result` is a value like any other here: its `Err` ends nothing, and is for whoever awaits the child.
            #[track_caller]
            pub fn spawn_value<F>(&self, future: F) -> Child<F::Output>
            where
                F: IntoFuture,
                F::IntoFuture: $($send)* 'a,
                F::Output: $($send)* 'a,
            {
                let future = future.into_future();
                self.core.spawn_child(None, Infallibly::new(future))
            }

            /// As [`spawn`](Self::spawn), but a group that takes no more gives the future back.
            ///
            /// A child that it gives has been let in, whatever other threads do at the same time: it is never
            /// [`Refused`](crate::ChildError::Refused).
            ///
            /// # Errors
            /// The group is ending or has ended.
            #[track_caller]
            pub fn try_spawn<F>(
                &self,
                future: F,
            ) -> Result<Child<<F::Output as Outcome<E>>::Value>, SpawnError<F::IntoFuture>>
            where
                F: IntoFuture,
                F::IntoFuture: $($send)* 'a,
                F::Output: Outcome<E>,
                <F::Output as Outcome<E>>::Value: $($send)* 'a,
            {
                self.core.try_spawn(future.into_future())
            }

            /// Spawns when the child can start at once, [`limit`](Self::limit) permitting: so a producer of many
            /// children is held back to the speed at which they end.
            ///
            /// # Cancel safety
            /// Dropped while it waits, it drops the future unpolled.
            #[expect(
                clippy::async_yields_async,
                reason = "the child is for whoever asked to await, or not"
            )]
            #[track_caller]
            pub fn spawn_when_ready<F>(
                &self,
                future: F,
            ) -> impl Future<Output = Child<<F::Output as Outcome<E>>::Value>> + use<'_, 'a, E, F>
            where
                F: IntoFuture,
                F::IntoFuture: $($send)* 'a,
                F::Output: Outcome<E>,
                <F::Output as Outcome<E>>::Value: $($send)* 'a,
            {
                let context = TaskContext::child(None);
                let future = future.into_future();
                async move {
                    self.ready().await;
                    self.core.spawn(context, future)
                }
            }

            /// Spawns a child and waits until it says that it is ready: a server that has bound its port, say.
            ///
            /// The child calls [`ReadySignal::set`] once, with what the caller is to know, and goes on.
            ///
            /// # Errors
            /// [`StartError`]: an error of the child before it was ready is given here, and the group goes on.
            ///
            /// # Cancel safety
            /// Dropped before the child is ready, it cancels the child. If that has failed meanwhile, the unhandled hook is
            /// told.
            #[track_caller]
            pub fn start<V, F, S>(
                &self,
                start: S,
            ) -> impl Future<Output = Result<V, StartError<E>>> + use<'_, 'a, V, F, E, S>
            where
                S: FnOnce(ReadySignal<V>) -> F,
                F: IntoFuture,
                F::IntoFuture: $($send)* 'a,
                F::Output: Outcome<E, Value = ()>,
                V: $($send)* 'a,
                E: fmt::Display,
            {
                let (signal, starting) = start::begin();
                let child = starting.child(start(signal).into_future());
                starting.wait(self.core.spawn(TaskContext::child(None), child))
            }

            /// Runs the body and the children, side by side on this task, until all of them have ended.
            ///
            /// They are concurrent, not parallel: for the cores of several workers, spawn children that await tasks. The
            /// body usually spawns the children and awaits their handles; more may be spawned before the run, and by
            /// children through a [`spawner`](Self::spawner).
            ///
            /// When the body or a child gives an error, the body is dropped at its await, then the children in reverse
            /// order of their spawning; what they need beyond the drop (`finally`, cancelled tasks) is waited for.
            /// At most 64 children are polled in one poll of the group, first woken, first polled.
            ///
            /// # Errors
            /// [`TaskGroupError`]: all failures, or that the group was cancelled, or that it had been run before.
            ///
            /// # Panics
            /// With the panic of the body or of a child, after all others are gone. What has failed besides goes to
            /// the unhandled hook.
            ///
            /// # Cancel safety
            /// When the future is dropped half-way, body and children are dropped in the same order, without waiting.
            #[doc(alias = "__aexit__")]
            #[track_caller]
            pub fn run<R, B>(
                &self,
                body: B,
            ) -> impl Future<Output = Result<R, TaskGroupError<E>>> + use<'_, 'a, R, B, E>
            where
                B: IntoFuture<Output = Result<R, E>>,
                E: fmt::Display,
            {
                let run = self.run_until_cancelled(body);
                async move { run.await?.ok_or_else(TaskGroupError::cancelled) }
            }

            /// As [`run`](Self::run), where a [`cancel`](Self::cancel) is a normal end: it gives `None`.
            ///
            /// # Errors
            /// As [`run`](Self::run), but for the cancellation.
            ///
            /// # Panics
            /// As [`run`](Self::run).
            ///
            /// # Cancel safety
            /// As [`run`](Self::run).
            #[track_caller]
            pub fn run_until_cancelled<R, B>(
                &self,
                body: B,
            ) -> impl Future<Output = Result<Option<R>, TaskGroupError<E>>> + use<'_, 'a, R, B, E>
            where
                B: IntoFuture<Output = Result<R, E>>,
                E: fmt::Display,
            {
                Run::new(&self.core, Location::caller(), body.into_future())
            }
        }

        impl<'a> $Group<'a, Infallible> {
            /// A group whose children cannot fail, and whose [`run_value`](Self::run_value) needs no `Ok`.
            pub fn infallible() -> Self {
                Self::new()
            }

            /// As [`run`](Self::run), with a body that gives its value as it is.
            ///
            /// # Errors
            /// [`Cancelled`]: the group was cancelled, or had been run before.
            ///
            /// # Panics
            /// As [`run`](Self::run).
            ///
            /// # Cancel safety
            /// As [`run`](Self::run).
            #[track_caller]
            pub fn run_value<B: IntoFuture>(
                &self,
                body: B,
            ) -> impl Future<Output = Result<B::Output, Cancelled>> + use<'_, 'a, B> {
                let body = body.into_future();
                let run = self.run(async move { Ok(body.await) });
                async move { run.await.map_err(TaskGroupError::into_cancelled) }
            }
        }

        impl<'a, E: $($send)* 'a> $Spawner<'a, E> {
            /// As the group's `spawn`. A group that is gone refuses.
            #[track_caller]
            pub fn spawn<F>(&self, future: F) -> Child<<F::Output as Outcome<E>>::Value>
            where
                F: IntoFuture,
                F::IntoFuture: $($send)* 'a,
                F::Output: Outcome<E>,
                <F::Output as Outcome<E>>::Value: $($send)* 'a,
            {
                self.spawn_as(TaskContext::child(None), future.into_future())
            }

            /// As the group's `spawn_named`.
            #[track_caller]
            pub fn spawn_named<F>(&self, name: &str, future: F) -> Child<<F::Output as Outcome<E>>::Value>
            where
                F: IntoFuture,
                F::IntoFuture: $($send)* 'a,
                F::Output: Outcome<E>,
                <F::Output as Outcome<E>>::Value: $($send)* 'a,
            {
                self.spawn_as(TaskContext::child(Some(name)), future.into_future())
            }

            /// As the group's `spawn_value`.
            #[track_caller]
            pub fn spawn_value<F>(&self, future: F) -> Child<F::Output>
            where
                F: IntoFuture,
                F::IntoFuture: $($send)* 'a,
                F::Output: $($send)* 'a,
            {
                let future = future.into_future();
                self.spawn_as(TaskContext::child(None), Infallibly::new(future))
            }

            /// As the group's `try_spawn`.
            ///
            /// # Errors
            /// The group is ending, has ended, or is gone.
            #[track_caller]
            pub fn try_spawn<F>(
                &self,
                future: F,
            ) -> Result<Child<<F::Output as Outcome<E>>::Value>, SpawnError<F::IntoFuture>>
            where
                F: IntoFuture,
                F::IntoFuture: $($send)* 'a,
                F::Output: Outcome<E>,
                <F::Output as Outcome<E>>::Value: $($send)* 'a,
            {
                let future = future.into_future();
                match self.core.upgrade() {
                    Some(core) => core.try_spawn(future),
                    None => Err(SpawnError::new(future)),
                }
            }

            /// As the group's `cancel`.
            pub fn cancel(&self) {
                if let Some(core) = self.core.upgrade() {
                    core.cancel(None);
                }
            }

            fn spawn_as<F>(&self, context: TaskContext, future: F) -> Child<<F::Output as Outcome<E>>::Value>
            where
                F: Future + $($send)* 'a,
                F::Output: Outcome<E>,
                <F::Output as Outcome<E>>::Value: $($send)* 'a,
            {
                match self.core.upgrade() {
                    Some(core) => core.spawn(context, future),
                    None => {
                        drop(future);
                        tell_late();
                        Child::refused(Ready::closed())
                    }
                }
            }
        }

        impl<E> Clone for $Spawner<'_, E> {
            fn clone(&self) -> Self {
                Self { core: self.core.clone() }
            }
        }

        impl<E> fmt::Debug for $Spawner<'_, E> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Spawner)).finish_non_exhaustive()
            }
        }

        impl<'a, E: $($send)* 'a> Core<Boxed<'a, E>, E> {
            /// Lets a child of whoever is running in: its place for the value, its box, its handle.
            // In here the context is made where it is to stay: see `Slab::child`.
            #[inline(always)]
            #[track_caller]
            pub(crate) fn spawn_child<F>(&self, name: Option<&str>, future: F) -> Child<<F::Output as Outcome<E>>::Value>
            where
                F: Future + $($send)* 'a,
                F::Output: Outcome<E>,
                <F::Output as Outcome<E>>::Value: $($send)* 'a,
            {
                if is_observed() || TaskContext::IS_TRACED {
                    return self.spawn(TaskContext::child(name), future);
                }
                let location = Location::caller();
                let (mut id, mut future) = (None, Some(future));
                let accepted = self.accept(|ready, slab| {
                    let (child, answer) = slab.child(ready, || {
                        let future = future.take().expect("asked for once");
                        ChildTask::new(TaskContext::child_at(name, location), future)
                    });
                    id = Some(child.future().id());
                    (child.$erase(), answer)
                });
                match (accepted, future) {
                    (Some(answer), _) => Child::new(answer, id),
                    (None, future) => self.refuse(TaskContext::child_at(name, location), future),
                }
            }

            /// As [`spawn_child`](Self::spawn_child), with a context that was made before.
            pub(crate) fn spawn<F>(&self, context: TaskContext, future: F) -> Child<<F::Output as Outcome<E>>::Value>
            where
                F: Future + $($send)* 'a,
                F::Output: Outcome<E>,
                <F::Output as Outcome<E>>::Value: $($send)* 'a,
            {
                // Not under the group's lock: whoever looks on may be told.
                context.spawned();
                if is_debug() {
                    self.note(context.info());
                }
                let id = Some(context.info().id());
                let mut parts = Some((context, future));
                let accepted = self.accept(|ready, slab| {
                    let (context, future) = parts.take().expect("asked for once");
                    let (child, answer) = slab.child(ready, || ChildTask::new(context, future));
                    (child.$erase(), answer)
                });
                match (accepted, parts) {
                    (Some(answer), _) => Child::new(answer, id),
                    (None, Some((context, future))) => self.refuse(context, Some(future)),
                    (None, None) => unreachable!("the future went into the child"),
                }
            }

            /// Drops a future that is not let in, as the child that it would have been.
            #[cold]
            fn refuse<F: Future, T>(&self, context: TaskContext, future: Option<F>) -> Child<T> {
                drop(future.map(|future| Scoped::new(context, future)));
                self.tell_refused();
                Child::refused(self.ready().clone())
            }

            /// Lets a child in, or gives its future back.
            #[track_caller]
            fn try_spawn<F>(
                &self,
                future: F,
            ) -> Result<Child<<F::Output as Outcome<E>>::Value>, SpawnError<F>>
            where
                F: Future + $($send)* 'a,
                F::Output: Outcome<E>,
                <F::Output as Outcome<E>>::Value: $($send)* 'a,
            {
                let context = TaskContext::child(None);
                let id = context.info().id();
                // Not under the group's lock: whoever looks on may be told.
                context.spawned();
                let mut parts = Some((context, future));
                let accepted = self.accept(|ready, slab| {
                    let (context, future) = parts.take().expect("asked for once");
                    let (child, answer) = slab.child(ready, || ChildTask::new(context, future));
                    (child.$erase(), answer)
                });
                match (accepted, parts) {
                    (Some(answer), _) => Ok(Child::new(answer, Some(id))),
                    (None, Some((context, future))) => {
                        context.ended();
                        Err(SpawnError::new(future))
                    }
                    (None, None) => unreachable!("the future went into the child"),
                }
            }
        }

        impl<E> Default for $Group<'_, E> {
            fn default() -> Self {
                Self::new()
            }
        }

        impl<E> fmt::Debug for $Group<'_, E> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.core.fmt(f)
            }
        }
    };
}

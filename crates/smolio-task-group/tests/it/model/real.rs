//! The real group, as a kind.

use smolio_task_group::{Child, ChildError, Spawner, TaskGroup};

use super::{
    program::Actor,
    world::{Boxed, End, Fail, Kind},
};

pub(super) struct Real(TaskGroup<'static, Fail>);

impl Kind for Real {
    type Spawner = Spawner<'static, Fail>;
    type Child = Child<Actor>;

    fn new(limit: usize) -> Self {
        Self(TaskGroup::new().limit(limit))
    }

    fn spawner(&self) -> Self::Spawner {
        self.0.spawner()
    }

    fn spawn(spawner: &Self::Spawner, future: Boxed<Result<Actor, Fail>>) -> Child<Actor> {
        spawner.spawn(future)
    }

    fn cancel(spawner: &Self::Spawner) {
        spawner.cancel();
    }

    fn cancel_child(child: &Child<Actor>) {
        child.cancel();
    }

    fn wait(child: Child<Actor>) -> Boxed<Actor> {
        Box::pin(child)
    }

    fn join(child: Child<Actor>) -> Boxed<Result<Actor, ChildError>> {
        Box::pin(child.join())
    }

    fn run(self, body: Boxed<Result<Actor, Fail>>) -> Boxed<End> {
        Box::pin(async move {
            match self.0.run_until_cancelled(body).await {
                Ok(Some(value)) => End::Value(value),
                Ok(None) => End::Cancelled,
                Err(error) => {
                    let failures = error.into_failures().into_iter();
                    End::Failures(failures.map(|failure| failure.error).collect())
                }
            }
        })
    }
}

//! The tuples that `gather`, `try_gather` and `race` take, up to 16 futures: the only place that knows how many there are.

use std::{convert::Infallible, future::IntoFuture};

use crate::{
    gather::{Gather, GatherTuple},
    list::{End, Flatten, Link, OneOf},
    race::{Race, RaceTuple},
    try_gather::{TryGather, TryGatherTuple},
};

/// Says that futures came in a tuple.
#[derive(Debug)]
pub enum Tuple {}

/// Says that futures came from an iterator.
#[derive(Debug)]
pub enum Iter {}

/// The type of a list: each future with what is kept of it.
macro_rules! list {
    () => { End };
    ($F:ty => $V:ty $(, $($rest:tt)*)?) => { Link<$F, $V, list!($($($rest)*)?)> };
}

/// The list itself.
macro_rules! link {
    () => { End };
    ($future:ident $($rest:ident)*) => { Link::new($future.into_future(), link!($($rest)*)) };
}

/// The type of nested pairs, and the pattern for them.
macro_rules! pairs {
    () => { () };
    ($head:ident $($rest:ident)*) => { ($head, pairs!($($rest)*)) };
}

macro_rules! gather {
    ($($F:ident $T:ident),+) => {
        impl<$($F: IntoFuture),+> Gather<Tuple> for ($($F,)+) {
            type Future = GatherTuple<list!($($F::IntoFuture => $F::Output),+)>;

            #[expect(non_snake_case, reason = "a variable has the name of its type")]
            fn gather(self) -> Self::Future {
                let ($($F,)+) = self;
                GatherTuple::new(link!($($F)+))
            }
        }

        impl<$($F, $T,)+ Error> TryGather<Tuple> for ($($F,)+)
        where
            $($F: IntoFuture<Output = Result<$T, Error>>),+
        {
            type Future = TryGatherTuple<list!($($F::IntoFuture => $T),+), Error>;

            #[expect(non_snake_case, reason = "a variable has the name of its type")]
            fn try_gather(self) -> Self::Future {
                let ($($F,)+) = self;
                TryGatherTuple::new(link!($($F)+))
            }
        }

        impl<$($T),+> Flatten for pairs!($($T)+) {
            type Flat = ($($T,)+);

            #[expect(non_snake_case, reason = "a variable has the name of its type")]
            fn flatten(self) -> Self::Flat {
                let pairs!($($T)+) = self;
                ($($T,)+)
            }
        }
    };
}

/// The type of nested choices.
macro_rules! choices {
    () => { Infallible };
    ($T:ident $($rest:ident)*) => { OneOf<$T, choices!($($rest)*)> };
}

/// Finds out which one it is.
macro_rules! choose {
    ($choice:expr, $Or:ident) => { match $choice {} };
    ($choice:expr, $Or:ident $T:ident $($rest:ident)*) => {
        match $choice {
            OneOf::Head(value) => $Or::$T(value),
            OneOf::Rest(rest) => choose!(rest, $Or $($rest)*),
        }
    };
}

macro_rules! race {
    ($Or:ident $count:literal: $($T:ident)+) => {
        #[doc = concat!("What the first of ", $count, " futures in a [`race`](crate::race()) gave, and which one it was.")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[expect(missing_docs, reason = "there is nothing to say of each")]
        pub enum $Or<$($T),+> {
            $($T($T)),+
        }

        impl<$($T),+> Flatten for choices!($($T)+) {
            type Flat = $Or<$($T),+>;

            fn flatten(self) -> Self::Flat {
                choose!(self, $Or $($T)+)
            }
        }

        impl<$($T: IntoFuture),+> Race<Tuple> for ($($T,)+) {
            type Future = RaceTuple<list!($($T::IntoFuture => ()),+)>;

            #[expect(non_snake_case, reason = "a variable has the name of its type")]
            fn race(self) -> Self::Future {
                let ($($T,)+) = self;
                RaceTuple::new(link!($($T)+))
            }
        }
    };
}

gather!(A TA);
gather!(A TA, B TB);
gather!(A TA, B TB, C TC);
gather!(A TA, B TB, C TC, D TD);
gather!(A TA, B TB, C TC, D TD, E TE);
gather!(A TA, B TB, C TC, D TD, E TE, F TF);
gather!(A TA, B TB, C TC, D TD, E TE, F TF, G TG);
gather!(A TA, B TB, C TC, D TD, E TE, F TF, G TG, H TH);
gather!(A TA, B TB, C TC, D TD, E TE, F TF, G TG, H TH, I TI);
gather!(A TA, B TB, C TC, D TD, E TE, F TF, G TG, H TH, I TI, J TJ);
gather!(A TA, B TB, C TC, D TD, E TE, F TF, G TG, H TH, I TI, J TJ, K TK);
gather!(A TA, B TB, C TC, D TD, E TE, F TF, G TG, H TH, I TI, J TJ, K TK, L TL);
gather!(A TA, B TB, C TC, D TD, E TE, F TF, G TG, H TH, I TI, J TJ, K TK, L TL, M TM);
gather!(A TA, B TB, C TC, D TD, E TE, F TF, G TG, H TH, I TI, J TJ, K TK, L TL, M TM, N TN);
gather!(A TA, B TB, C TC, D TD, E TE, F TF, G TG, H TH, I TI, J TJ, K TK, L TL, M TM, N TN, O TO);
gather!(A TA, B TB, C TC, D TD, E TE, F TF, G TG, H TH, I TI, J TJ, K TK, L TL, M TM, N TN, O TO, P TP);

race!(Or2 "two": A B);
race!(Or3 "three": A B C);
race!(Or4 "four": A B C D);
race!(Or5 "five": A B C D E);
race!(Or6 "six": A B C D E F);
race!(Or7 "seven": A B C D E F G);
race!(Or8 "eight": A B C D E F G H);
race!(Or9 "nine": A B C D E F G H I);
race!(Or10 "ten": A B C D E F G H I J);
race!(Or11 "eleven": A B C D E F G H I J K);
race!(Or12 "twelve": A B C D E F G H I J K L);
race!(Or13 "thirteen": A B C D E F G H I J K L M);
race!(Or14 "fourteen": A B C D E F G H I J K L M N);
race!(Or15 "fifteen": A B C D E F G H I J K L M N O);
race!(Or16 "sixteen": A B C D E F G H I J K L M N O P);

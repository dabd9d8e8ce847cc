//! Mistakes that a house may be built with, each of which the simulation must find.

/// A house is built with one at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Mistake {
    /// A ledger goes to the disk when it is decided, not when its epoch is committed.
    SnapshotEarly,
    /// Settlement reads its journal before it has fenced the process before it.
    JournalUnfenced,
    /// Kafka lets the process before go on writing.
    KafkaUnfenced,
    /// The journal entry is committed after the records, not with them.
    BindingApart,
    /// A replay sends what it decides.
    ReplayEmits,
    /// Postgres takes rows from whoever sends them.
    RowUnfenced,
    /// The progress is moved after the rows, not with them.
    ProgressApart,
    /// An epoch is taken for whole as soon as its journal entry is there.
    CountsIgnored,
    /// Readers see what is not committed.
    ReadsDirty,
    /// An append whose outcome is unknown counts as taken.
    AppendAssumed,
    /// The views begin behind what they have written, and write it again.
    ProgressForgotten,
    /// The snapshot of the books is written before Postgres has its epoch.
    BooksEarly,
}

impl Mistake {
    pub(super) const ALL: [Self; 12] = [
        Self::SnapshotEarly,
        Self::JournalUnfenced,
        Self::KafkaUnfenced,
        Self::BindingApart,
        Self::ReplayEmits,
        Self::RowUnfenced,
        Self::ProgressApart,
        Self::CountsIgnored,
        Self::ReadsDirty,
        Self::AppendAssumed,
        Self::ProgressForgotten,
        Self::BooksEarly,
    ];
}

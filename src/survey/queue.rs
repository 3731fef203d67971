//! What is still to be looked at, host by host.

use crossbeam_channel::{Receiver, Sender, bounded};

use super::file::{FileError, SurveyFile};
use crate::picture::Picture;

/// So many hosts have a queue of their own; further ones share that of the last.
const MAX_QUEUES: usize = 16;

/// The pictures of each host in their order, so that a host that is slow or paused holds up no other.
///
/// Their keys are held, and the few pictures that are next.
#[derive(Default)]
pub(super) struct Queues {
    queues: Vec<Queue>,
    /// How many pictures there are in all.
    pub pictures: usize,
}

struct Queue {
    keys: std::vec::IntoIter<i64>,
    next: Option<Sender<Picture>>,
    taken: Receiver<Picture>,
}

impl Queues {
    /// The queues of what a survey's file lacks, with so many pictures ready in each.
    pub(super) fn new(file: &SurveyFile, survey: i64, ready: usize) -> Result<Self, FileError> {
        let mut hosts: Vec<(Option<String>, Vec<i64>)> = Vec::new();
        let mut pictures = 0;
        file.todo(survey, |key, host| {
            pictures += 1;
            let known = hosts.iter().position(|(known, _)| known.as_deref() == host);
            let number = known.unwrap_or_else(|| hosts.len().min(MAX_QUEUES - 1));
            match hosts.get_mut(number) {
                Some((_, keys)) => keys.push(key),
                None => hosts.push((host.map(str::to_owned), vec![key])),
            }
        })?;
        let queue = |(_, keys): (_, Vec<i64>)| {
            let (next, taken) = bounded(ready.max(1));
            Queue { keys: keys.into_iter(), next: Some(next), taken }
        };
        Ok(Self { queues: hosts.into_iter().map(queue).collect(), pictures })
    }

    /// For each downloader, `connections` of them a host, where it gets its next picture: the end says that none is
    /// left.
    pub(super) fn takers(&self, connections: usize) -> Vec<Receiver<Picture>> {
        let of_queue = |queue: &Queue| vec![queue.taken.clone(); connections.min(queue.keys.len())];
        self.queues.iter().flat_map(of_queue).collect()
    }

    /// Makes the next pictures ready.
    pub(super) fn fill(&mut self, file: &SurveyFile) -> Result<(), FileError> {
        for queue in &mut self.queues {
            while let Some(next) = queue.next.as_ref().filter(|next| !next.is_full()) {
                let Some(key) = queue.keys.next() else {
                    queue.next = None;
                    break;
                };
                if let Some(picture) = file.picture(key)? {
                    // Nobody else fills it, so this does not wait.
                    let _ = next.send(picture);
                }
            }
        }
        Ok(())
    }

    /// Nothing more is to be looked at.
    pub(super) fn close(&mut self) {
        self.queues.iter_mut().for_each(|queue| queue.next = None);
    }
}

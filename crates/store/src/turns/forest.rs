//! Conversations as a forest: each message is a node below the one before it, and conversations
//! that begin alike share their beginning. So a long session takes the room of its messages, not of
//! every turn's whole history.

use std::collections::HashMap;

/// Most messages that are told apart, some 60 bytes each; what comes behind them counts as absent.
const MOST: usize = 1 << 20;
/// No turn.
const NOBODY: u32 = u32::MAX;

/// A place in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Node(u32);

#[derive(Clone, Copy, Debug)]
struct Message {
    /// Where its lane begins.
    root: Node,
    before: Node,
    depth: u32,
    print: u64,
    /// The newest turn that goes through it, by place.
    newest: u32,
}

/// The messages of a session's turns, by their fingerprints.
#[derive(Debug, Default)]
pub(crate) struct Forest {
    messages: Vec<Message>,
    below: HashMap<(Node, u64), Node>,
    lanes: HashMap<Box<[u8]>, Node>,
}

impl Forest {
    /// Where the conversations of one kind and agent begin.
    pub(crate) fn lane(&mut self, name: &[u8]) -> Node {
        if let Some(root) = self.lanes.get(name) {
            return *root;
        }
        let root = Node(u32::try_from(self.messages.len()).unwrap_or(NOBODY));
        self.messages.push(Message {
            root,
            before: root,
            depth: 0,
            print: 0,
            newest: NOBODY,
        });
        self.lanes.insert(name.into(), root);
        root
    }

    fn at(&self, node: Node) -> Option<&Message> {
        self.messages.get(node.0 as usize)
    }

    fn before(&self, node: Node) -> Option<Node> {
        self.at(node)
            .filter(|message| message.depth > 0)
            .map(|message| message.before)
    }

    /// Messages from the beginning up to this one.
    pub(crate) fn depth(&self, node: Node) -> usize {
        self.at(node).map_or(0, |message| message.depth as usize)
    }

    /// The conversation that goes on from `node` with these messages.
    pub(crate) fn grow(&mut self, node: Node, prints: impl IntoIterator<Item = u64>) -> Node {
        let mut tip = node;
        for print in prints {
            if let Some(known) = self.below.get(&(tip, print)) {
                tip = *known;
                continue;
            }
            if self.messages.len() >= MOST {
                return tip;
            }
            let next = Node(u32::try_from(self.messages.len()).unwrap_or(NOBODY));
            let (depth, root) = self
                .at(tip)
                .map_or((1, tip), |message| (message.depth + 1, message.root));
            self.messages.push(Message {
                root,
                before: tip,
                depth,
                print,
                newest: NOBODY,
            });
            self.below.insert((tip, print), next);
            tip = next;
        }
        tip
    }

    /// The first `count` messages of the conversation that ends at `tip`, below `root`.
    pub(crate) fn beginning(&mut self, root: Node, tip: Node, count: usize) -> Node {
        let mut at = tip;
        while self.depth(at) > count
            && let Some(before) = self.before(at)
        {
            at = before;
        }
        if self.root(at) == Some(root) {
            return at;
        }
        let prints = self.prints(at);
        self.grow(root, prints)
    }

    /// The fingerprints from the beginning up to this one.
    pub(crate) fn prints(&self, tip: Node) -> Vec<u64> {
        let mut prints = Vec::with_capacity(self.depth(tip));
        let mut at = tip;
        while let Some(before) = self.before(at) {
            prints.extend(self.at(at).map(|message| message.print));
            at = before;
        }
        prints.reverse();
        prints
    }

    fn root(&self, node: Node) -> Option<Node> {
        self.at(node).map(|message| message.root)
    }

    /// The last message of a conversation that an earlier turn had too, and the newest turn that
    /// did; none if it shares nothing with any.
    pub(super) fn shared(&self, tip: Node) -> Option<(Node, usize)> {
        let mut at = tip;
        loop {
            let message = self.at(at).filter(|message| message.depth > 0)?;
            if message.newest != NOBODY {
                return Some((at, message.newest as usize));
            }
            at = message.before;
        }
    }

    /// A turn has this conversation.
    pub(super) fn visit(&mut self, tip: Node, turn: usize) {
        let turn = u32::try_from(turn).unwrap_or(NOBODY);
        let mut at = tip;
        while let Some(message) = self.messages.get_mut(at.0 as usize)
            && message.depth > 0
        {
            message.newest = turn;
            at = message.before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversations_share_their_beginnings() {
        let mut forest = Forest::default();
        let main = forest.lane(b"main");
        let one = forest.grow(main, [1, 2, 3]);
        assert_eq!(forest.grow(main, [1, 2, 3]), one);
        assert_eq!(forest.depth(one), 3);
        let first = forest.beginning(main, one, 1);
        assert_eq!(forest.grow(first, [2, 3]), one);
        assert_eq!(forest.beginning(main, one, 9), one);
        let other = forest.lane(b"other");
        let copy = forest.beginning(other, one, 2);
        assert_eq!((forest.depth(copy), forest.grow(other, [1, 2])), (2, copy));
        assert_eq!(forest.lane(b"main"), main);
        assert_eq!(forest.shared(one), None);
        forest.visit(first, 0);
        assert_eq!(forest.shared(one), Some((first, 0)));
        assert_eq!(forest.shared(copy), None);
    }

    #[test]
    fn a_session_of_thousands_of_turns_takes_the_room_of_its_messages() {
        let mut forest = Forest::default();
        let mut tip = forest.lane(b"");
        for turn in 0..4000 {
            tip = forest.grow(tip, [2 * turn, 2 * turn + 1]);
            forest.visit(tip, 0);
        }
        assert_eq!((forest.messages.len(), forest.depth(tip)), (8001, 8000));
    }
}

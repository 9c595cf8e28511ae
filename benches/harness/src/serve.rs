//! The words between the program that measures and a program that does the work of one library.
//!
//! ```text
//! open NAME KIND WORK SIZE LINES URL      and so many lines of SQL      -> ready | missing
//! answer                                                                -> a number
//! run TIMES                                                             -> wall seconds, processor seconds, 0
//! memory                                                                -> wall seconds, processor seconds, KiB
//! ```

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::clock::Spent;
use crate::contender::Contender;
use crate::data::{Kind, Place, Work};

/// A program that does the work of one library.
pub struct Servant {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Servant {
    /// Starts the program and opens the work; `None` when it does not have it.
    ///
    /// # Panics
    ///
    /// When the program cannot be started or ends.
    pub fn open(mut command: Command, name: &str, place: &Place, work: Work) -> Option<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let to = child.stdin.take().expect("a pipe");
        let from = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut servant = Self { child, to, from };
        let mut words = format!(
            "open {} {} {} {} {} {}\n",
            name.replace(' ', "_"),
            place.kind.word(),
            work.word(),
            work.size(),
            place.fill.len(),
            place.url
        );
        for statement in &place.fill {
            words.push_str(statement);
            words.push('\n');
        }
        (servant.ask(&words) == "ready").then_some(servant)
    }

    pub fn answer(&mut self) -> u64 {
        self.number("answer\n")
    }

    pub fn run(&mut self, times: u32) -> Spent {
        self.spent(&format!("run {times}\n"))
    }

    pub fn run_with_memory(&mut self) -> Spent {
        self.spent("memory\n")
    }

    fn number(&mut self, words: &str) -> u64 {
        let answer = self.ask(words);
        answer.parse().unwrap_or_else(|_| panic!("a number, not `{answer}`"))
    }

    fn spent(&mut self, words: &str) -> Spent {
        let answer = self.ask(words);
        let figures: Vec<f64> = answer.split(' ').filter_map(|word| word.parse().ok()).collect();
        let [wall, processor, peak] = figures[..] else { panic!("three figures, not `{answer}`") };
        Spent { wall, processor, peak: peak as u64 }
    }

    fn ask(&mut self, words: &str) -> String {
        self.to.write_all(words.as_bytes()).expect("a program that listens");
        self.to.flush().expect("a program that listens");
        let mut line = String::new();
        self.from.read_line(&mut line).expect("a program that answers");
        assert!(!line.is_empty(), "the program ended at `{}`", words.lines().next().unwrap_or_default());
        line.trim().to_owned()
    }
}

impl Drop for Servant {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes a contender, by its name; `None` when there is none for this work.
pub type Make = fn(&str, &Place, Work) -> Option<Contender>;

/// Answers on the standard streams until they end.
pub fn serve(make: Make) {
    let mut lines = std::io::stdin().lines().map(|line| line.expect("the words of the one who measures"));
    let mut contender: Option<Contender> = None;
    while let Some(line) = lines.next() {
        let words: Vec<&str> = line.splitn(7, ' ').collect();
        let answer = match (&words[..], &mut contender) {
            (["open", name, kind, work, size, fill, url], _) => {
                let number = |word: &str| word.parse::<usize>().expect("a number");
                let fill = (0..number(fill)).map(|_| lines.next().expect("a statement")).collect();
                let place = Place { kind: Kind::of(kind).expect("a kind of database"), url: (*url).into(), fill };
                let work = Work::of(work, number(size)).expect("a kind of work");
                contender = make(&name.replace('_', " "), &place, work);
                if contender.is_some() { "ready".into() } else { "missing".into() }
            }
            (["answer"], Some(contender)) => contender.answer().to_string(),
            (["run", times], Some(contender)) => shown(contender.run(times.parse().expect("a number"))),
            (["memory"], Some(contender)) => shown(contender.run_with_memory()),
            _ => panic!("`{line}` is nothing that can be asked"),
        };
        println!("{answer}");
    }
}

fn shown(spent: Spent) -> String {
    format!("{} {} {}", spent.wall, spent.processor, spent.peak)
}

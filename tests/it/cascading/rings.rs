//! The same where rows refer to each other in a ring, one way by `post_update`.

use std::collections::BTreeMap;

use orm::Handle;
use orm::prelude::*;

use crate::random::{Random, Step, check_runs, told};
use crate::support::empty_engine;

#[derive(Clone, Debug, Model)]
#[orm(table = "cascading_teams", metadata = none)]
struct Team {
    #[orm(primary_key, length = 8)]
    code: String,
    #[orm(foreign_key = Player.code, on_update = cascade, length = 8)]
    captain_code: Option<String>,
    #[orm(foreign_key = Team.captain_code, back_populates = captain_of, post_update)]
    captain: BelongsTo<Player>,
    #[orm(foreign_key = Player.team_code, back_populates = team)]
    players: HasMany<Player>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "cascading_players", metadata = none)]
struct Player {
    #[orm(primary_key, length = 8)]
    code: String,
    #[orm(foreign_key = Team.code, on_update = cascade, length = 8)]
    team_code: Option<String>,
    #[orm(foreign_key = Player.team_code, back_populates = players)]
    team: BelongsTo<Team>,
    #[orm(foreign_key = Team.captain_code, back_populates = captain, post_update)]
    captain_of: HasMany<Team>,
}

#[derive(Clone, Copy, Debug)]
enum What {
    AddTeam,
    AddPlayer,
    RenameTeam,
    RenamePlayer,
    TradeTeams,
    TradePlayers,
    Join,
    Leave,
    Lead,
    Resign,
    DeleteTeam,
    DeletePlayer,
    AddTeamAgain,
    AddPlayerAgain,
    Flush,
    Commit,
    Rollback,
}

const WHATS: [What; 24] = [
    What::AddTeam,
    What::AddPlayer,
    What::AddPlayer,
    What::RenameTeam,
    What::RenameTeam,
    What::RenamePlayer,
    What::RenamePlayer,
    What::TradeTeams,
    What::TradePlayers,
    What::Join,
    What::Join,
    What::Join,
    What::Leave,
    What::Lead,
    What::Lead,
    What::Lead,
    What::Resign,
    What::DeleteTeam,
    What::DeletePlayer,
    What::AddTeamAgain,
    What::AddPlayerAgain,
    What::Flush,
    What::Commit,
    What::Rollback,
];

/// A row as it is to be: its key, and the number of what it refers to.
#[derive(Clone, Debug)]
struct Thing<M: 'static> {
    handle: Handle<M>,
    is_stored: bool,
    code: String,
    refers: Option<usize>,
}

/// The rows of one table, by numbers that are never used again.
#[derive(Clone, Debug)]
struct Things<M: 'static> {
    all: BTreeMap<usize, Thing<M>>,
    /// The codes at the last flush: an INSERT may find them taken.
    held: BTreeMap<usize, String>,
    /// Those of rows that go with the next flush.
    leaving: Vec<String>,
}

impl<M> Default for Things<M> {
    fn default() -> Self {
        Things { all: BTreeMap::new(), held: BTreeMap::new(), leaving: Vec::new() }
    }
}

impl<M> Things<M> {
    fn chosen(&self, number: usize) -> Option<usize> {
        (!self.all.is_empty()).then(|| *self.all.keys().nth(number % self.all.len()).expect("it is below their number"))
    }

    fn stored(&self, number: usize) -> Option<usize> {
        self.chosen(number).filter(|at| self.all[at].is_stored)
    }

    fn free(&self) -> Vec<String> {
        let is_free = |code: &String| self.all.values().all(|thing| thing.code != *code);
        ('a'..='f').map(String::from).filter(is_free).collect()
    }

    /// A code that no row has or had at the last flush.
    fn unused(&self, number: usize) -> Option<String> {
        let free: Vec<String> =
            self.free().into_iter().filter(|code| self.held.values().all(|held| held != code)).collect();
        (!free.is_empty()).then(|| free[number % free.len()].clone())
    }

    fn add(&mut self, at: usize, handle: Handle<M>, code: String) {
        self.all.insert(at, Thing { handle, is_stored: false, code, refers: None });
    }

    fn remove(&mut self, at: usize) {
        self.all.remove(&at);
        self.leaving.extend(self.held.get(&at).cloned());
    }

    fn flushed(&mut self) {
        self.all.values_mut().for_each(|thing| thing.is_stored = true);
        self.held = self.all.iter().map(|(&at, thing)| (at, thing.code.clone())).collect();
        self.leaving.clear();
    }

    fn forget(&mut self, other: usize) {
        self.all.values_mut().filter(|thing| thing.refers == Some(other)).for_each(|thing| thing.refers = None);
    }

    /// The rows: each code, and the code of what it refers to.
    fn rows<T>(&self, others: &Things<T>) -> Vec<(String, Option<String>)> {
        let row = |thing: &Thing<M>| (thing.code.clone(), thing.refers.map(|other| others.all[&other].code.clone()));
        let mut rows: Vec<_> = self.all.values().map(row).collect();
        rows.sort();
        rows
    }
}

#[derive(Clone, Debug, Default)]
struct World {
    teams: Things<Team>,
    players: Things<Player>,
}

struct Run {
    session: Session,
    world: World,
    committed: World,
    next: usize,
}

impl Run {
    async fn step(&mut self, Step { what, a, b }: Step<What>) -> Result<(), Error> {
        self.next += 1;
        let Run { session, world: World { teams, players }, next: at, .. } = self;
        match what {
            What::AddTeam | What::AddTeamAgain => {
                let again = teams.leaving.iter().find(|code| teams.free().contains(code)).cloned();
                let code = if matches!(what, What::AddTeam) { teams.unused(a) } else { again };
                let Some(code) = code else { return Ok(()) };
                teams.add(*at, session.add(Team::builder().code(&*code)), code);
            }
            What::AddPlayer | What::AddPlayerAgain => {
                let again = players.leaving.iter().find(|code| players.free().contains(code)).cloned();
                let code = if matches!(what, What::AddPlayer) { players.unused(a) } else { again };
                let Some(code) = code else { return Ok(()) };
                players.add(*at, session.add(Player::builder().code(&*code)), code);
            }
            What::RenameTeam => {
                let (Some(team), Some(code)) = (teams.stored(a), teams.free().get(b % 6).cloned()) else {
                    return Ok(());
                };
                let team = teams.all.get_mut(&team).unwrap();
                session[team.handle].code.clone_from(&code);
                team.code = code;
            }
            What::RenamePlayer => {
                let (Some(player), Some(code)) = (players.stored(a), players.free().get(b % 6).cloned()) else {
                    return Ok(());
                };
                let player = players.all.get_mut(&player).unwrap();
                session[player.handle].code.clone_from(&code);
                player.code = code;
            }
            What::TradeTeams => {
                let (Some(one), Some(other)) = (teams.stored(a), teams.stored(b)) else { return Ok(()) };
                let codes = [teams.all[&other].code.clone(), teams.all[&one].code.clone()];
                for (team, code) in [one, other].into_iter().zip(codes) {
                    let team = teams.all.get_mut(&team).unwrap();
                    session[team.handle].code.clone_from(&code);
                    team.code = code;
                }
            }
            What::TradePlayers => {
                let (Some(one), Some(other)) = (players.stored(a), players.stored(b)) else { return Ok(()) };
                let codes = [players.all[&other].code.clone(), players.all[&one].code.clone()];
                for (player, code) in [one, other].into_iter().zip(codes) {
                    let player = players.all.get_mut(&player).unwrap();
                    session[player.handle].code.clone_from(&code);
                    player.code = code;
                }
            }
            What::Join => {
                let (Some(player), Some(team)) = (players.chosen(a), teams.chosen(b)) else { return Ok(()) };
                session.link(players.all[&player].handle, Player.team, teams.all[&team].handle);
                players.all.get_mut(&player).unwrap().refers = Some(team);
            }
            What::Lead => {
                let (Some(team), Some(player)) = (teams.chosen(a), players.chosen(b)) else { return Ok(()) };
                session.link(teams.all[&team].handle, Team.captain, players.all[&player].handle);
                teams.all.get_mut(&team).unwrap().refers = Some(player);
            }
            What::Leave => {
                let Some(player) = players.chosen(a) else { return Ok(()) };
                let player = players.all.get_mut(&player).unwrap();
                if let Some(team) = player.refers.take() {
                    session.unlink(player.handle, Player.team, teams.all[&team].handle);
                }
            }
            What::Resign => {
                let Some(team) = teams.chosen(a) else { return Ok(()) };
                let team = teams.all.get_mut(&team).unwrap();
                if let Some(player) = team.refers.take() {
                    session.unlink(team.handle, Team.captain, players.all[&player].handle);
                }
            }
            What::DeleteTeam => {
                let Some(team) = teams.stored(a) else { return Ok(()) };
                session.delete(teams.all[&team].handle).await?;
                players.forget(team);
                teams.remove(team);
            }
            What::DeletePlayer => {
                let Some(player) = players.stored(a) else { return Ok(()) };
                session.delete(players.all[&player].handle).await?;
                teams.forget(player);
                players.remove(player);
            }
            What::Flush => {
                session.flush().await?;
                self.flushed(true).await?;
            }
            What::Commit => {
                session.commit().await?;
                self.flushed(false).await?;
                self.committed = self.world.clone();
            }
            What::Rollback => {
                session.rollback().await?;
                self.world = self.committed.clone();
                self.flushed(false).await?;
            }
        }
        Ok(())
    }

    /// Compares rows and objects with what they are to be.
    async fn flushed(&mut self, is_in_memory: bool) -> Result<(), Error> {
        let Run { session, world: World { teams, players }, .. } = self;
        if is_in_memory {
            for team in teams.all.values() {
                let own = &session[team.handle];
                let captain = team.refers.map(|player| players.all[&player].code.clone());
                assert_eq!((&own.code, &own.captain_code), (&team.code, &captain), "team");
            }
            for player in players.all.values() {
                let own = &session[player.handle];
                let team = player.refers.map(|team| teams.all[&team].code.clone());
                assert_eq!((&own.code, &own.team_code), (&player.code, &team), "player");
            }
        }
        let found = select((Team.code, Team.captain_code)).order_by(Team.code).all(&mut *session).await?;
        assert_eq!(found, teams.rows(players), "teams");
        let found = select((Player.code, Player.team_code)).order_by(Player.code).all(&mut *session).await?;
        assert_eq!(found, players.rows(teams), "players");
        teams.flushed();
        players.flushed();
        Ok(())
    }
}

async fn run(engine: &Engine, steps: &[Step<What>]) -> Result<(), String> {
    let (engine, steps) = (engine.clone(), steps.to_vec());
    let task = tokio::spawn(async move {
        update(Team).set(Team.captain_code, None).execute(&engine).await?;
        delete(Player).execute(&engine).await?;
        delete(Team).execute(&engine).await?;
        let session = Session::new(&engine);
        let mut run = Run { session, world: World::default(), committed: World::default(), next: 0 };
        for &step in &steps {
            run.step(step).await?;
        }
        run.step(Step { what: What::Commit, a: 0, b: 0 }).await
    });
    told(task).await
}

#[tokio::test]
async fn keys_change_together_with_anything_else_in_a_ring() {
    let engine = empty_engine().await;
    metadata![Team, Player].create_all(&engine).await.unwrap();
    let steps_of = |random: &mut Random, count| random.steps_of(&WHATS, count);
    check_runs(steps_of, async |steps: &[Step<What>]| run(&engine, steps).await).await;
}

//! `arpent publish datagouv`: a package onto data.gouv.fr.

use std::path::PathBuf;

use anyhow::Result;
use arpent::publish::datagouv::{API, Publication, Server, Wishes, root};
use clap::Args;

use super::super::usage::usage;
use super::super::{Done, print_line};

#[derive(Args)]
pub struct Arguments {
    /// The folder that `arpent package` wrote
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Publish; without it, say what would be sent and send nothing
    #[arg(long)]
    send: bool,
    /// Update this data set, replacing the files that it has of the same title; else a new one is made
    #[arg(long, value_name = "ID")]
    dataset: Option<String>,
    /// Publish for this organization, by its id
    #[arg(long, value_name = "ID")]
    organization: Option<String>,
    /// Let everybody see it at once; else a new data set is a draft that you look at first
    #[arg(long)]
    public: bool,
    /// Root of the API; https://demo.data.gouv.fr/api/1 is for trials
    #[arg(long, value_name = "URL", default_value = API)]
    api: String,
    /// Your key, from your profile on the server; better put into the environment
    #[arg(long, value_name = "KEY", env = "DATAGOUV_API_KEY", hide_env_values = true)]
    key: Option<String>,
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    let api = root(&arguments.api)?;
    let wishes = Wishes {
        dataset: arguments.dataset.clone(),
        organization: arguments.organization.clone(),
        is_public: arguments.public,
    };
    let publication = Publication::read(&arguments.folder, wishes)?;
    if !arguments.send {
        for line in publication.plan(&api) {
            print_line(&line)?;
        }
        print_line(&format!("\nthe data set:\n{}", serde_json::to_string_pretty(&publication.metadata)?))?;
        tell!("nothing was sent: add --send to publish");
        return Ok(Done::Well);
    }
    let key = arguments.key.as_deref().filter(|key| !key.trim().is_empty());
    let key =
        key.ok_or_else(|| usage("a key is needed: copy it from your profile on the server into DATAGOUV_API_KEY"))?;
    let server = Server::new(&api, key)?;
    let published = publication.send(&server, &mut |step| tell!("{step}"))?;
    tell!("{} new files, {} replaced", published.added, published.replaced);
    if arguments.dataset.is_none() && !arguments.public {
        let id = &published.dataset;
        tell!("the data set is a draft: look at it, and publish it there or with --dataset {id} --public --send");
    }
    print_line(published.page.as_deref().unwrap_or(&published.dataset))?;
    Ok(Done::Well)
}

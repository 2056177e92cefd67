//! The arguments of `ingam call`. The `///` comments are the text of `--help`.

use super::target_args::TargetArgs;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  ingam call shopee GET /api/v2/shop/get_shop_info | jq .shop_name
  ingam call shopee@sg GET /api/v2/product/get_item_list offset==0 page_size==20 --env live
  ingam call shopee GET /api/v2/shop/get_shop_info --env live --write requests/shop.yaml --record
  ingam call coupang POST /v2/providers/a/orders id:=17 buyer[name]=Kim --env live --yes
  ingam call coupang POST /v2/providers/a/orders id:=17 --env live --explain

Items:
  name==text   a query parameter                 name=text    a member of the body, text
  Name:text    a header                          name:=json   a member of the body, JSON
  Name;        an empty header                   name@file    a file, with --form
                                                 @file        the whole body from a file
  `==@`, `:@`, `=@` and `:=@` take the value from a file. `a[b]=1` is nested JSON, `a[]=1` a list.
  A backslash makes `: = @ ; [ ]` literal: `a\\:b=1`. Texts can hold templates: `{{ now() }}`.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct CallArgs {
    /// The scheme, optionally with an account: `shopee@sg`
    #[arg(value_name = "SCHEME")]
    pub(super) scheme: String,
    /// The method: GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS
    #[arg(value_name = "METHOD")]
    pub(super) method: String,
    /// The path, beginning with `/`. The scheme and the environment set the host
    #[arg(value_name = "PATH")]
    pub(super) path: String,
    /// Parts of the request, such as `limit==5`; see below
    #[arg(value_name = "ITEM")]
    pub(super) items: Vec<String>,
    #[command(flatten)]
    pub(super) target: TargetArgs,
    /// Send the items of the body as a form, or as `multipart/form-data` if one is a file
    #[arg(long, short)]
    pub(super) form: bool,
    /// Send the items of the body as `multipart/form-data`
    #[arg(long, conflicts_with = "form")]
    pub(super) multipart: bool,
    /// The whole body as text. `-` reads it from standard input
    #[arg(long, value_name = "TEXT")]
    pub(super) raw: Option<String>,
    /// Write the body of the response to this file, byte for byte
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Replace the file of `-o` if it exists
    #[arg(long, requires = "output")]
    pub(super) overwrite: bool,
    /// Write the call to a request file, with assertions derived from the response
    #[arg(long, value_name = "FILE")]
    pub(super) write: Option<PathBuf>,
    /// Also record the response in fixtures/recordings
    #[arg(long, requires = "write")]
    pub(super) record: bool,
    /// Show the request and the response head on standard error. Secrets are replaced by their
    /// names. `-vv` also shows how long each request took to look up the name, to connect, for TLS,
    /// until the response began, and for its body
    #[arg(long, short, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Show how the call is rendered and signed, and as a curl command, without sending it
    #[arg(long, conflicts_with_all = ["output", "write"])]
    pub(super) explain: bool,
    /// Show personal data, at this terminal only
    #[arg(long)]
    pub(super) show_personal: bool,
    /// Send a call that can change something without asking for confirmation
    #[arg(long, short)]
    pub(super) yes: bool,
    /// How long the call may wait for its budget. `0s` means that it does not wait
    #[arg(long, value_name = "TIME", default_value = "5s")]
    pub(super) wait: String,
    /// The timeout of the whole command, such as 1m
    #[arg(long, value_name = "TIME")]
    pub(super) timeout: Option<String>,
    /// Whether to renew tokens. The default is `refresh` in ingam.yaml, or else auto
    #[arg(long, value_name = "WHEN", value_parser = ["auto", "never"])]
    pub(super) refresh: Option<String>,
}

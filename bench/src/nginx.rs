//! nginx's configuration for the comparison: a plain reverse proxy with keep-alive on both sides.

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::contender::Name;

/// What varies.
#[derive(Debug)]
pub(crate) struct Shape<'a> {
    pub(crate) upstream: SocketAddr,
    /// Where answers are buffered, nginx's default.
    pub(crate) plain: SocketAddr,
    /// Where they are not, as for streams.
    pub(crate) streaming: SocketAddr,
    /// Which of the nginxes.
    pub(crate) name: Name,
    pub(crate) dir: &'a Path,
}

/// The file's text.
pub(crate) fn config(shape: &Shape<'_>) -> String {
    let Shape {
        upstream,
        plain,
        streaming,
        ..
    } = shape;
    let dir = shape.dir.display();
    let access = match shape.name {
        Name::NginxQuiet => "off".to_owned(),
        _ => format!("{dir}/access.log"),
    };
    // Large enough that no body of a case is written to a file.
    let request = match shape.name {
        Name::NginxUnbuffered => "proxy_request_buffering off; client_body_buffer_size 256k;",
        _ => "client_body_buffer_size 4m;",
    };
    // Started by root, nginx would hand its workers to a user who may not write here.
    let is_root = std::fs::metadata(shape.dir).is_ok_and(|dir| dir.uid() == 0);
    let user = if is_root { "user root;" } else { "" };
    format!(
        r#"{user}
daemon off;
worker_processes auto;
pid {dir}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  access_log {access};
  client_body_temp_path {dir}/client;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  tcp_nodelay on;
  keepalive_requests 100000000;
  keepalive_timeout 300s;
  client_max_body_size 64m;
  {request}
  upstream provider {{
    server {upstream};
    keepalive 256;
    keepalive_requests 100000000;
    keepalive_timeout 300s;
  }}
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_read_timeout 300s;
  server {{
    listen {plain} backlog=1024;
    location / {{ proxy_pass http://provider; }}
  }}
  server {{
    listen {streaming} backlog=1024;
    location / {{ proxy_pass http://provider; proxy_buffering off; }}
  }}
}}
"#
    )
}

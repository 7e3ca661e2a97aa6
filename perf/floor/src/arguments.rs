//! The command line.

/// Where to listen.
pub struct Arguments {
    pub host: String,
    pub port: u16,
}

/// Reads `--host HOST --port PORT`; both have defaults.
pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments {
        host: "127.0.0.1".to_owned(),
        port: 8000,
    };
    while let Some(name) = words.next() {
        let value = words
            .next()
            .ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--host" => arguments.host = value,
            "--port" => {
                let port = value.parse();
                arguments.port = port.map_err(|_| format!("{value} is not a port"))?;
            }
            _ => return Err(format!("{name} is unknown: --host HOST --port PORT")),
        }
    }
    Ok(arguments)
}

//! tokio-util: adapters between the two families of I/O traits, and codecs. None of it needs a handle.

use ::tokio_util::{
    codec::{Framed, LinesCodec},
    compat::FuturesAsyncReadCompatExt,
    sync::CancellationToken,
};
use futures::{SinkExt, StreamExt};
use smolio::{
    net::{TcpListener, open_connection},
    spawn,
};

use crate::support::as_it_is;

#[test]
fn codecs_work_on_our_streams_as_they_are() {
    as_it_is(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let guest = spawn(async move {
            let stream = open_connection(address).await?;
            let mut lines = Framed::new(stream.compat(), LinesCodec::new());
            lines.send("hello").await?;
            anyhow::Ok(lines.next().await.transpose()?)
        });
        let (stream, _) = listener.accept().await?;
        let mut lines = Framed::new(stream.compat(), LinesCodec::new());
        let line = lines.next().await.transpose()?.unwrap_or_default();
        lines.send(line.to_uppercase()).await?;
        assert_eq!(guest.await?.as_deref(), Some("HELLO"));
        anyhow::Ok(())
    });
}

#[test]
fn its_cancellation_token_works_as_it_is() {
    as_it_is(async {
        let token = CancellationToken::new();
        let waiting = spawn(token.clone().cancelled_owned());
        token.cancel();
        waiting.await;
        anyhow::Ok(())
    });
}

//! tonic: a client and a server on tokio; and its services on our server. The service is the health check, whose code others
//! have generated.

use ::tonic::{
    service::Routes,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Server, server::TcpIncoming},
};
use smolio::{Or2, race, spawn};
use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, health_client::HealthClient},
    server::health_reporter,
};

use crate::{
    peers::https,
    support::{NO_HANDLE, panic_as_it_is, with_the_switch},
};

async fn check(channel: Channel) -> anyhow::Result<()> {
    let mut client = HealthClient::new(channel);
    let request = HealthCheckRequest {
        service: "jobs".to_owned(),
    };
    let answer = client.check(request.clone()).await?.into_inner();
    assert_eq!(answer.status, ServingStatus::Serving as i32);
    // A stream of answers, of which the first comes at once.
    let mut answers = client.watch(request).await?.into_inner();
    assert!(answers.message().await?.is_some());
    Ok(())
}

#[test]
fn client_and_server_work_with_the_switch() {
    with_the_switch(async {
        let (reporter, service) = health_reporter();
        reporter
            .set_service_status("jobs", ServingStatus::Serving)
            .await;
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse()?)?;
        let address = incoming.local_addr()?;
        let server = Server::builder()
            .add_service(service)
            .serve_with_incoming(incoming);
        let client = spawn(async move {
            let channel = Endpoint::from_shared(format!("http://{address}"))?
                .connect()
                .await?;
            check(channel).await
        });
        match race((client, server)).await {
            Or2::A(checked) => checked,
            Or2::B(served) => anyhow::bail!("the server has ended: {served:?}"),
        }
    });
}

/// Its services are a router of axum's. HTTP/2 needs TLS there.
#[test]
fn its_services_work_on_our_server() {
    with_the_switch(async {
        let (reporter, service) = health_reporter();
        reporter
            .set_service_status("jobs", ServingStatus::Serving)
            .await;
        let routes = Routes::new(service).into_axum_router();
        https(routes, async |address, certificate| {
            let tls = ClientTlsConfig::new()
                .ca_certificate(Certificate::from_pem(certificate))
                .domain_name("localhost");
            let endpoint = Endpoint::from_shared(format!("https://{address}"))?.tls_config(tls)?;
            check(endpoint.connect().await?).await
        })
        .await
    });
}

#[test]
fn as_it_is_its_channel_panics() {
    let panic = panic_as_it_is(Endpoint::from_static("http://127.0.0.1:9").connect());
    assert!(panic.contains(NO_HANDLE), "{panic}");
}

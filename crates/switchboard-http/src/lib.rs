//! EXPOSE: REST, WebSocket, webhooks, the console.

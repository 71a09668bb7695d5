"""The CDS Hooks service of the gateway: who may call, what is asked, what a card may say."""

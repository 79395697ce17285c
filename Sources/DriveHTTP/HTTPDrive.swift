public final class HTTPDrive {}

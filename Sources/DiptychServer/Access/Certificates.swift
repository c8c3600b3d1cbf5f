internal import Diptych
internal import DiptychBasics
internal import Foundation
internal import Logging
internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// A certificate chain with its key, read again when the files have changed: renewing one needs no restart, and connections
/// that stand go on.
final class Certificates: Sendable {
    private struct Loaded {
        var chain: [NIOSSLCertificateSource]
        var key: NIOSSLPrivateKeySource
        var stamps: [FileStamp]
        var looked = ContinuousClock.now
    }

    private let files: (chain: String, key: String)
    private let logger: Logger
    private let loaded: Mutex<Loaded>
    private let thread = WorkerThreads(name: "diptych-certificates", most: 1)

    /// Reads the files.
    ///
    /// - Throws: ``ServerError`` naming them.
    init(chain: String, key: String, logger: Logger) throws {
        files = (chain, key)
        self.logger = logger
        loaded = Mutex(try Self.read(chain, key))
    }

    /// How connections are encrypted: TLS 1.2 and later (RFC 8996 retired what came before), with the certificates of the
    /// moment in which a connection begins.
    func configuration() throws -> TLSConfiguration {
        var configuration = loaded.withLock { Self.configuration($0) }
        configuration.sslContextCallback = { _, promise in
            let stamps = [self.files.chain, self.files.key].map(FileStamp.init)
            guard self.isDue(stamps) else { return promise.succeed(self.override) }
            // On another thread: the library would take what it says about wrong files for a fault of this connection.
            self.thread.run {
                self.read(stamps)
                promise.succeed(self.override)
            }
        }
        return configuration
    }

    /// Reads the files again; what cannot be read or does not fit together leaves what was.
    func reload() {
        thread.run { self.read([self.files.chain, self.files.key].map(FileStamp.init)) }
    }

    private var override: NIOSSLContextConfigurationOverride {
        var override = NIOSSLContextConfigurationOverride()
        loaded.withLock { loaded in
            override.certificateChain = loaded.chain
            override.privateKey = loaded.key
        }
        return override
    }

    /// Whether the files have changed, by a look a second.
    private func isDue(_ stamps: [FileStamp]) -> Bool {
        loaded.withLock { loaded in
            guard .now - loaded.looked > .seconds(1), stamps != loaded.stamps else { return false }
            loaded.looked = .now
            return true
        }
    }

    private func read(_ stamps: [FileStamp]) {
        do {
            let new = try Self.read(files.chain, files.key)
            loaded.withLock { $0 = new }
            logger.info("certificates read again")
        } catch {
            loaded.withLock { $0.stamps = stamps }
            logger.error("certificates", metadata: ["reason": "\(LogText.escaped("\(error)")); those from before stay"])
        }
    }

    private static func read(_ chain: String, _ key: String) throws -> Loaded {
        do {
            let loaded = Loaded(
                chain: try NIOSSLCertificate.fromPEMFile(chain).map { .certificate($0) },
                key: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)),
                stamps: [chain, key].map(FileStamp.init))
            // Whether the key is the certificate's.
            _ = try NIOSSLContext(configuration: configuration(loaded))
            return loaded
        } catch {
            throw ServerError("\(chain) and \(key) are no certificate chain and key in PEM: \(error)")
        }
    }

    private static func configuration(_ loaded: Loaded) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: loaded.chain, privateKey: loaded.key)
        configuration.minimumTLSVersion = .tlsv12
        return configuration
    }
}

/// What shows that a file changed.
struct FileStamp: Equatable, Sendable {
    private let modified: Date?
    private let size: Int?
    private let number: Int?

    init(_ path: String) {
        // Renewals often swap a link to the file.
        let facts = try? FileManager.default.attributesOfItem(
            atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
        modified = facts?[.modificationDate] as? Date
        size = (facts?[.size] as? NSNumber)?.intValue
        number = (facts?[.systemFileNumber] as? NSNumber)?.intValue
    }
}

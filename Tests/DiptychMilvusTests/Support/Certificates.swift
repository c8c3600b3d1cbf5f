#if Milvus
    import DiptychTestSupport
    import Foundation

    /// A certificate authority, a server's certificate of it, and another authority that has nothing to do with them.
    struct Certificates {
        let directory: TemporaryDirectory
        var authority: String { directory.path("ca.pem") }
        var other: String { directory.path("other.pem") }
        var certificate: String { directory.path("server.pem") }
        var key: String { directory.path("server.key") }

        init() throws {
            directory = try TemporaryDirectory()
            for name in ["ca", "other"] {
                try openssl([
                    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-keyout",
                    "\(name).key", "-out", "\(name).pem",
                ])
            }
            try openssl([
                "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key", "-out",
                "server.csr",
            ])
            try directory.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n", to: "names")
            try openssl([
                "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                "2",
                "-extfile", "names", "-out", "server.pem",
            ])
        }

        private func openssl(_ arguments: [String]) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["openssl"] + arguments
            process.currentDirectoryURL = directory.url
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else {
                throw MilvusServer.Failure(text: "openssl \(arguments[0]) failed")
            }
        }
    }
#endif

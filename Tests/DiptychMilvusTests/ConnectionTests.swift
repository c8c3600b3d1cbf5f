#if Milvus
    import DiptychMilvus
    import Foundation
    import Testing

    /// Who is let in, and what is said when the connection does not come about.
    @Suite("Milvus connections", .enabled(if: MilvusServer.isInstalled, MilvusServer.missing))
    struct ConnectionTests {
        @Test func nothingThereIsSaidWithinSeconds() async throws {
            let address = try MilvusAddress("milvus://127.0.0.1:9/d/c?timeout=2")
            let start = ContinuousClock.now
            let error = await #expect(throws: MilvusError.self) {
                try await MilvusClient(address).connect(within: address.patience)
            }
            #expect(error?.kind == .unreachable)
            #expect(error?.description.contains("refused") == true, "\(error?.description ?? "")")
            #expect(start.duration(to: .now) < .seconds(6))
        }

        @Test func anUnknownHostIsSaid() async throws {
            let client = try MilvusClient(MilvusAddress("milvus://no-such-host.invalid/d/c"))
            let error = await #expect(throws: MilvusError.self) { try await client.connect(within: .seconds(2)) }
            #expect(error?.kind == .unreachable)
        }

        @Test func aServerOfAnotherKindIsSaid() async throws {
            // Its health port speaks HTTP, but not gRPC.
            let port = try await MilvusServer.shared.value.port + 9
            let client = try MilvusClient(MilvusAddress("milvus://127.0.0.1:\(port)/d/c"))
            let error = await #expect(throws: MilvusError.self) { try await client.connect(within: .seconds(2)) }
            #expect(error?.kind == .unreachable)
        }

        @Test func encryptionAndPasswords() async throws {
            let files = try Certificates()
            let server = try await MilvusServer(start: 1, options: ["--auth", "--tls", files.certificate, files.key])
            func kind(_ address: String, _ credentials: MilvusCredentials? = nil) async throws -> MilvusError.Kind? {
                do {
                    try await MilvusClient(MilvusAddress(address), credentials: credentials).connect(
                        within: .seconds(3))
                    return nil
                } catch let error as MilvusError {
                    #expect(!error.description.contains("wrong"), "a secret is shown: \(error)")
                    return error.kind
                }
            }
            let root = MilvusCredentials(user: "root", password: "Milvus")
            let place = "127.0.0.1:\(server.port)/d/c"
            #expect(try await kind("milvuss://\(place)?ca=\(files.authority)", root) == nil)
            #expect(try await kind("milvuss://localhost:\(server.port)/d/c?ca=\(files.authority)", root) == nil)
            #expect(try await kind("milvuss://root:Milvus@\(place)?ca=\(files.authority)") == nil)
            #expect(try await kind("milvuss://\(place)?ca=\(files.authority)&token=root:Milvus") == nil)
            #expect(try await kind("milvuss://\(place)?ca=\(files.authority)") == .refused)
            let wrong = MilvusCredentials(user: "root", password: "wrong")
            #expect(try await kind("milvuss://\(place)?ca=\(files.authority)", wrong) == .refused)
            #expect(try await kind("milvuss://\(place)?ca=\(files.other)", root) == .unreachable)
            #expect(
                try await kind("milvuss://\(place)", root) == .unreachable, "the system does not know the authority")
            #expect(try await kind("milvus://\(place)", root) == .unreachable, "the server speaks TLS only")
            #expect(try await kind("milvuss://\(place)?ca=/no/such/file", root) == .badAddress)
            try await server.crash()
        }
    }
#endif

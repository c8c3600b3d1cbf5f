import CFaults
import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import StoreSimulation
import Testing

/// Stores whose file system fails at any call: what was reported as stored is there afterwards, and the store is whole. Serialized, for
/// there is one plan of failures.
@Suite(.serialized) struct FaultTests {
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func anyCallOfAnyOperationMayFail(seed: UInt64) async throws {
        let directory = try TemporaryDirectory()
        let simulation = try await StoreSimulation(in: directory.url, seed: seed)
        try await simulation.run(steps: 40)
        #expect(simulation.faults > 0)
    }

    /// The clock and random numbers are the simulation's, so that a failure can be looked at again.
    @Test func theSameSeedMakesTheSameStore() async throws {
        var accounts: [String] = []
        for seed in [5, 5, 6] as [UInt64] {
            let directory = try TemporaryDirectory()
            let simulation = try await StoreSimulation(in: directory.url, seed: seed)
            try await simulation.run(steps: 25)
            accounts.append(try await simulation.account())
        }
        #expect(accounts[0] == accounts[1] && accounts[0] != accounts[2])
        #expect(accounts[0].contains("16000000"))
    }

    /// Bringing a store up to date is one step: whichever change fails, the store is the old one, which is then brought up to date.
    @Test func anyCallOfAMigrationMayFail() async throws {
        #expect(faults_install() == 0)
        let album = try await Album()
        try album.add(count: 6)
        _ = try await album.index()
        let expected = try await album.store.items(after: nil, limit: 50, filter: nil).map(\.0)
        let real = try #require(
            FileManager.default.fileExists(atPath: album.directory.path) ? realpath(album.directory.path, nil) : nil)
        defer { free(real) }
        let old = try MigrationTests.old(of: album, version: 3)
        var (number, struck) = (0, 0)
        while true {
            number += 1
            let copy = URL(fileURLWithPath: String(cString: real)).appendingPathComponent("copy-\(number)")
            try FileManager.default.copyItem(at: old, to: copy)
            faults_arm(copy.path, number, number % 2 == 0 ? 1 : 0, 0)
            let opened = try? await EmbeddedStore.open(at: copy).info().count
            let isStruck = faults_struck() != 0
            faults_arm(copy.path, 0, 0, 0)
            #expect(opened != nil || isStruck)
            let store = try await EmbeddedStore.open(at: copy)
            #expect(try await store.verify() == [], "after the change \(number)")
            #expect(try await store.items(after: nil, limit: 50, filter: nil).map(\.0) == expected)
            guard isStruck else { break }
            struck += 1
            try FileManager.default.removeItem(at: copy)
        }
        #expect(struck > 20)
    }
}

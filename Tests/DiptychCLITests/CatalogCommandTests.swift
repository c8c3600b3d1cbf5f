import Foundation
import Testing

/// `diptych dataset` with a catalog, as users type it.
struct CatalogCommandTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func dataset(_ arguments: String...) throws -> Command.Result {
        try Command.run(
            ["dataset"] + arguments, in: folder.path, environment: ["DIPTYCH_CATALOG": folder / "catalog"])
    }

    private func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder / name))
    }

    private func object(_ result: Command.Result) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any], "\(result.error)")
    }

    @Test(
        "A version that is being made when the program is killed is there as a whole or not at all, and older ones stay"
    )
    func kill() throws {
        try write("n,text\n" + (0..<60_000).map { "\($0),text \($0)\n" }.joined(), to: "rows.csv")
        #expect(try dataset("create", "rows", "rows.csv").status == 0)
        let before = try dataset("describe", "rows@1", "--format", "json").output
        let rows = try dataset("show", "rows@1", "--format", "jsonl").output
        for round in 1...12 {
            let run = try Running(
                ["dataset", "query", "SELECT *, n * \(round) AS product FROM rows@1", "--save", "rows"],
                in: folder.path,
                environment: ["DIPTYCH_CATALOG": folder / "catalog"])
            usleep(UInt32(round) * 40_000)
            run.send(SIGKILL)
            _ = run.end()
            #expect(try dataset("describe", "rows@1", "--format", "json").output == before)
            let versions = try dataset("versions", "rows", "--format", "jsonl").lines
            for line in versions.dropFirst() {
                let version = try #require(
                    JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                let number = try #require(version["version"] as? Int)
                let sum = try dataset(
                    "query", "SELECT count(*) AS c, count(product) AS p FROM rows@\(number)", "--format", "csv")
                #expect(sum.lines == ["c,p", "60000,60000"], "\(sum.error)")
            }
        }
        #expect(try dataset("show", "rows@1", "--format", "jsonl").output == rows)
        // What the killed programs left goes, and nothing else.
        #expect(try dataset("gc").status == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder / "catalog/running").isEmpty)
        #expect(try dataset("show", "rows@1", "--format", "jsonl").output == rows)
    }

    @Test("Versions are described, compared, removed and not found again")
    func versions() throws {
        try write("id,word\n1,one\n2,two\n", to: "words.csv")
        #expect(try dataset("create", "words", "words.csv").lines == ["words@1: 2 rows, 2 columns"])
        try write("id,word\n1,one\n2,zwei\n3,three\n", to: "words.csv")
        let update = try dataset("create", "words", "words.csv", "--update")
        #expect(update.lines == ["words@2: 3 rows, 2 columns"])
        #expect(update.error.contains("1 row new, 1 changed, 0 removed"))
        let difference = try object(dataset("diff", "words@1", "words@2", "--format", "json"))
        #expect(
            difference["added"] as? Int == 1 && difference["changed"] as? Int == 1 && difference["removed"] as? Int == 0
        )
        let described = try object(dataset("describe", "words", "--format", "json"))
        #expect(described["version"] as? Int == 2 && described["count"] as? Int == 3)
        #expect((described["command"] as? String)?.hasSuffix("dataset create words words.csv --update") == true)
        #expect(described["parents"] as? [String] == ["words@1"])
        let files = try #require(described["files"] as? [String: String])
        // Parquet for others to read, and for us.
        let parquet = try dataset("show", try #require(files["parquet"]), "--format", "jsonl")
        #expect(parquet.output == (try dataset("show", "words", "--format", "jsonl").output))
        #expect(try dataset("remove", "words@1").lines == ["removed words@1"])
        expectFailure(try dataset("show", "words@1"), status: 1, saying: "words@1 was removed")
        #expect(
            try dataset("lineage", "words").output.contains("words@1  2 rows  create words.csv  (removed)") == false)
        #expect(try dataset("list").lines.count == 1)
    }

    @Test("A query prints rows in every format, and says in one line what is wrong")
    func query() throws {
        try write("{\"id\":1,\"scores\":[0.5,0.25]}\n{\"id\":2,\"scores\":[0.125,1]}\n", to: "rows.jsonl")
        #expect(try dataset("create", "rows", "rows.jsonl").status == 0)
        #expect(
            try dataset("query", "SELECT id, scores ->> 1 AS s FROM rows", "--format", "csv").lines == [
                "id,s", "1,0.25", "2,1.0",
            ])
        #expect(try dataset("query", "SELECT max(scores ->> 0) AS m FROM rows").lines == ["m=0.5"])
        expectFailure(
            try dataset("query", "SELECT idd FROM rows"), status: 1, saying: "column 8", "no such column: idd",
            "did you mean 'id'?")
        expectFailure(try dataset("query", "DELETE FROM rows"), status: 1, saying: "only statements that read are run")
        expectFailure(try dataset("show", "rowz@1"), status: 1, saying: "there is no dataset 'rowz'", "rows")
        #expect(
            try dataset("show", "rows", "--where", "id = 2", "--format", "jsonl").lines == [
                "{\"id\":2,\"scores\":[0.125,1.0]}"
            ])
        // Of a file, without a catalog's name.
        #expect(try dataset("show", "./rows.jsonl", "--where", "id = 1", "--columns", "id").lines == ["id=1"])
    }

    @Test("Rows without a partner, and keys of different kinds, are told")
    func join() throws {
        try write("name,n\na,1\nb,2\n", to: "left.csv")
        try write("{\"key\":1,\"word\":\"one\"}\n{\"key\":9,\"word\":\"nine\"}\n", to: "right.jsonl")
        let result = try dataset(
            "join", "left.csv", "right.jsonl", "--on", "n = key", "--format", "jsonl")
        #expect(result.lines == ["{\"name\":\"a\",\"n\":1,\"key\":1,\"word\":\"one\"}"], "\(result.error)")
        #expect(result.error.contains("without a partner: 1 of 2 on the left, 1 of 2 on the right"))
        let mixed = try dataset("join", "left.csv", "right.jsonl", "--on", "CAST(n AS TEXT) = key")
        #expect(mixed.error.contains("CAST(n AS TEXT) gives texts, and key gives numbers"))
        // Nothing was to be saved: no catalog is made.
        #expect(!FileManager.default.fileExists(atPath: folder / "catalog"))
    }

    @Test("A split of near duplicates keeps them together")
    func nearDuplicates() throws {
        let images = folder / "images"
        try FileManager.default.copyItem(atPath: Fixture.images, toPath: images)
        let result = try dataset(
            "split", images, "--parts", "a:0.5,b:0.5", "--near-duplicates", "0.0001", "--format", "jsonl", "--columns",
            "split",
            "--model", Fixture.model)
        // At so low a threshold all are alike.
        #expect(
            Set(result.lines).count == 1 && result.error.contains("1 group of rows stays together"), "\(result.error)")
    }
}

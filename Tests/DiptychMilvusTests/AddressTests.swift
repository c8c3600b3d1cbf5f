#if Milvus
    import DiptychMilvus
    import Testing

    @Suite("Milvus addresses")
    struct AddressTests {
        @Test func readsAllParts() throws {
            let address = try MilvusAddress(
                "milvuss://ada:p%40ss@milvus.example:19531/photos/album?index=hnsw&m=8&ef_construction=100&ef=50"
                    + "&consistency=strong&ca=/etc/ca.pem&timeout=9")
            #expect(address.host == "milvus.example")
            #expect(address.port == 19531)
            #expect(address.usesTLS)
            #expect(address.database == "photos")
            #expect(address.collection == "album")
            #expect(address.credentials == MilvusCredentials(user: "ada", password: "p@ss"))
            #expect(address.index == .hnsw(links: 8, construction: 100, search: 50))
            #expect(address.shards == 1)
            #expect(try MilvusAddress("milvus://localhost/album?shards=2").shards == 2)
            #expect(address.consistency == .strong)
            #expect(address.metric == .innerProduct)
            #expect(try MilvusAddress("milvus://localhost/album?metric=ip").metric == .innerProduct)
            #expect(try MilvusAddress("milvus://localhost/album?metric=cosine&nlist=7").metric == .cosine)
            #expect(
                try MilvusAddress("milvus://localhost/album?id=m_id&vector=embeding&path=path").foreignFields
                    == MilvusForeignFields(id: "m_id", vector: "embeding", path: "path"))
            #expect(address.foreignFields == nil)
            #expect(address.certificates == "/etc/ca.pem")
            #expect(address.patience == .seconds(9))
        }

        @Test func fillsInWhatIsUsual() throws {
            let address = try MilvusAddress("milvus://localhost/album")
            #expect(address.port == 19530)
            #expect(address.database == "default")
            #expect(!address.usesTLS)
            #expect(address.credentials == nil)
            #expect(address.index == .ivfFlat(lists: 1024, probes: 16))
            #expect(address.shards == 1)
            #expect(address.consistency == .session)
            #expect(try MilvusAddress("milvus://[::1]:7/d/c").host == "::1")
            #expect(try MilvusAddress("milvus://[::1]:7/d/c").description == "milvus://[::1]:7/d/c")
        }

        @Test(arguments: [
            "milvus://", "milvus://host", "milvus://host/", "milvus://host/a/b/c", "milvus:/host/a/b",
            "milvus://host:0/a/b",
            "milvus://host:99999/a/b", "milvus://host/9a/b", "milvus://host/a/b-c", "milvus://host//b",
            "milvus://host/a/ü",
            "milvus://host/a/b?index=tree", "milvus://host/a/b?metric=dot", "milvus://host/a/b?vector=",
            "milvus://host/a/b?nlist=0", "milvus://host/a/b?nlist=x",
            "milvus://host/a/b?m=8",
            "milvus://host/a/b?shards=17", "milvus://host/a/b?partitions=4",
            "milvus://host/a/b?shards=1&shards=1", "milvus://host/a/b?ca=x",
            "milvus://host/a/b?other=1", "milvus://host/a/b?consistency=sometimes", "http://host/a/b", "album", "",
        ])
        func refusesOthers(_ text: String) throws {
            let error = #expect(throws: MilvusError.self) { try MilvusAddress(text) }
            #expect(error?.kind == .badAddress)
        }

        @Test func neverShowsSecrets() throws {
            let text = "milvuss://ada:s3cret@host/d/c?token=s3cret"
            let address = try MilvusAddress(text)
            var dumped = ""
            dump(address, to: &dumped)
            let wrong = #expect(throws: MilvusError.self) {
                try MilvusAddress("milvus://ada:s3cret@host/d/c/e?token=s3cret")
            }
            for shown in [
                address.description, dumped, "\(address)", String(reflecting: address), wrong?.description ?? "",
                MilvusAddress.withoutSecrets(text),
            ] { #expect(!shown.contains("s3cret"), "\(shown)") }
            #expect(MilvusAddress.withoutSecrets(text) == "milvuss://host/d/c")
        }
    }
#endif

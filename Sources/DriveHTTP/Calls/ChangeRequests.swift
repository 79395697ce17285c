/// What the endpoints of uploads and of the tree take (contract 7 and 8). Names are the wire's.
extension WireRequest {
    struct Folder: Encodable {
        var drive_id: String
        var parent_file_id: String
        var name: String
        var type = "folder"
        var check_name_mode = "refuse"
    }

    struct Part: Encodable {
        var part_number: Int
    }

    struct NewFile: Encodable {
        var drive_id: String
        var parent_file_id: String
        var name: String
        var type = "file"
        var check_name_mode: String
        var size: Int64
        var part_info_list: [Part]
        var pre_hash: String?
        var content_hash: String?
        var content_hash_name: String?
        var proof_code: String?
        var proof_version: String?
        var local_created_at: String?
        var local_modified_at: String?
    }

    struct Upload: Encodable {
        var drive_id: String
        var file_id: String
        var upload_id: String
        var part_info_list: [Part]?
        var part_number_marker: String?
    }

    struct Rename: Encodable {
        var drive_id: String
        var file_id: String
        var name: String
        var check_name_mode: String
    }

    struct Move: Encodable {
        var drive_id: String
        var file_id: String
        var to_parent_file_id: String
        var check_name_mode: String
    }

    struct Copy: Encodable {
        var drive_id: String
        var file_id: String
        var to_parent_file_id: String
        /// Only where it is another drive.
        var to_drive_id: String?
        /// Without it a taken name makes a duplicate, and a copy into the same folder fails.
        var auto_rename = true
    }

    struct Task: Encodable {
        var async_task_id: String
    }
}

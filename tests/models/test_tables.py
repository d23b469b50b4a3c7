from models.tables import METADATA


def test_every_constraint_has_a_name_that_migrations_can_use():
    for table in METADATA.tables.values():
        for constraint in table.constraints:
            assert constraint.name, f"{table.name}: {constraint!r}"


def test_no_table_has_room_for_a_password_or_a_token_in_the_clear():
    columns = {
        f"{table.name}.{column.name}"
        for table in METADATA.tables.values()
        for column in table.columns
    }
    assert not {each for each in columns if each.endswith((".password", ".token", ".secret"))}

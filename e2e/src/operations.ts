import { graphql } from "../gen/index.js";

export const TaskParts = graphql(`
  fragment TaskParts on Task {
    _id
    title
    state
    rank
    due
    size
    tags
    owner {
      _id
      name
    }
  }
`);

export const Tasks = graphql(`
  query Tasks($first: Int!, $after: String, $where: TaskWhereInput) {
    tasks(first: $first, after: $after, where: $where, orderBy: [{ rank: ASC }]) {
      totalCount
      edges {
        cursor
        node {
          ...TaskParts
        }
      }
      pageInfo {
        hasNextPage
        endCursor
        hasPreviousPage
        startCursor
      }
    }
  }
`);

export const OneTask = graphql(`
  query OneTask($id: ID!) {
    findTaskByID(id: $id) {
      ...TaskParts
      notes
    }
  }
`);

export const Rename = graphql(`
  mutation Rename($id: ID!, $data: PartialUpdateTaskInput!) {
    partialUpdateTask(id: $id, data: $data) {
      _id
      title
      state
    }
  }
`);

export const Create = graphql(`
  mutation Create($data: TaskInput!) {
    createTask(data: $data) {
      ...TaskParts
    }
  }
`);

export const Remove = graphql(`
  mutation Remove($id: ID!) {
    deleteTask(id: $id) {
      _id
    }
  }
`);

export const ByState = graphql(`
  query ByState {
    tasksAggregate(groupBy: [state]) {
      key {
        state
      }
      count
      max {
        rank
      }
    }
  }
`);
